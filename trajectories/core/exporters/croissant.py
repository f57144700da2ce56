"""A folder described in Croissant 1.1, the JSON-LD by which search engines and machine learning tools know data sets.

Its reader, `mlcroissant` 1.1.1, opens the files that are listed, holds them to their SHA-256 and reads the described
columns. It reads objects one level deep, by JSONPath: what lies deeper (the calls of an agent's tools) is in the files
and is named in the description, not described.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trajectories.core.exporters.cards import Card
from trajectories.core.records import JSON

FILE = "croissant.json"
SPECIFICATION = "http://mlcommons.org/croissant/1.1"
_TYPES = {"bool": "sc:Boolean", "int64": "cr:Int64", "float64": "cr:Float64", "string": "sc:Text"}
_ARRAY: Mapping[str, JSON] = {"isArray": True, "arrayShape": "-1"}
_CROISSANT = (
    *("arrayShape", "column", "extract", "field", "fileObject", "fileSet", "format", "includes", "isArray"),
    *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform", "citeAs", "containedIn"),
    "equivalentProperty",
)
"""The words of Croissant itself; all others are those of schema.org."""

CONTEXT: JSON = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "fileProperty": "cr:fileProperty",
    **{word: f"cr:{word}" for word in _CROISSANT},
}


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file of a folder: its path there, the split whose rows it has, its size in bytes and its SHA-256."""

    path: str
    split: str
    size: int
    sha256: str

    @property
    def record_set(self) -> str:
        """The name of its rows: the split, with the number of the file where the split has several."""
        is_whole = self.path.endswith("-00000-of-00001.parquet")
        return self.split if is_whole else self.path.removeprefix("data/").partition("-of-")[0]


def croissant_json(card: Card, columns: Mapping[str, JSON], files: tuple[DataFile, ...]) -> str:
    """The whole croissant.json of a folder with these columns in each of its files."""
    document: dict[str, JSON] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": SPECIFICATION,
        "name": card.title,
        "description": " ".join(filter(None, (f"{card.about}.", card.notes, _told(columns)))),
        "license": "The licence is that of the problems and models it came from.",
        "datePublished": card.frozen_on,
        "version": "1.0.0",
        "citeAs": f"{card.title}. Release of Minicolumn, SHA-256 {card.release_sha256}.",
        "identifier": f"sha256:{card.release_sha256}",
        "distribution": [_distribution(file) for file in files],
        "recordSet": [_record_set(file, columns) for file in files],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def undescribed(columns: JSON, path: str = "", depth: int = 0) -> Iterator[str]:
    """The places in a row that lie too deep to be described, as `messages[].tool_calls`."""
    if isinstance(columns, Mapping):
        if depth > 1:
            yield path
            return
        for name, inner in columns.items():
            yield from undescribed(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(columns, list):
        if isinstance(columns[0], str) or (isinstance(columns[0], Mapping) and depth == 1):
            yield from undescribed(columns[0], f"{path}[]", depth)
        else:
            yield path


def _told(columns: Mapping[str, JSON]) -> str:
    deep = ", ".join(undescribed(columns))
    return f"In the files and not described here, where objects are one level deep: {deep}." if deep else ""


def _distribution(file: DataFile) -> JSON:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file.sha256,
    }


def _record_set(file: DataFile, columns: Mapping[str, JSON]) -> JSON:
    name = file.record_set
    fields = [_field(file, f"{name}/{column}", column, inner) for column, inner in columns.items()]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"Rows of the split {file.split}.",
        "field": [field for field in fields if field is not None],
    }


def _field(file: DataFile, name: str, column: str, columns: JSON, key: str = "") -> JSON:
    """One column, or one key of the objects in it; None where nothing of it can be described."""
    inner = columns[0] if isinstance(columns, list) else columns
    field: dict[str, JSON] = {"@type": "cr:Field", "@id": name, "name": name}
    if isinstance(columns, list):
        field |= _ARRAY
    if isinstance(inner, str):
        extract: dict[str, JSON] = {"fileObject": {"@id": file.path}, "extract": {"column": column}}
        return {**field, "dataType": _TYPES[inner], "source": extract | _transform(key)}
    if not isinstance(inner, Mapping) or key:
        return None
    parts = [_field(file, f"{name}/{each}", column, deeper, each) for each, deeper in inner.items()]
    described: list[JSON] = [part for part in parts if part is not None]
    return {**field, "subField": described} if described else None


def _transform(key: str) -> dict[str, JSON]:
    return {"transform": {"jsonPath": key}} if key else {}
