"""Files that are no rows and no documents, known by the end of their name, with what to send instead."""

ARROW = "a table of Arrow, expected Parquet or JSON; write it so (to_parquet, to_json)"
ARCHIVE = "an archive, expected its files, or a zip of them"
PICKLED = "pickled objects, which are programs and are not read; expected JSON or Parquet"
PACKED = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz", ".7z", ".rar", ".bz2", ".xz")
SPREADSHEETS = (".xlsx", ".xls", ".ods")
ANYWHERE = {
    **dict.fromkeys((".arrow", ".feather", ".ipc"), ARROW),
    **dict.fromkeys(PACKED, ARCHIVE),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".npy", ".npz", ".safetensors"), PICKLED),
    **dict.fromkeys((".pdf", ".docx", ".html", ".md"), "a document for people, expected JSON or Parquet"),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), "a database, expected JSON or Parquet"),
}
"""What is refused whatever was to be imported."""

OF_PROBLEMS = {
    **dict.fromkeys(SPREADSHEETS, "a spreadsheet, expected it as .csv, or as one of the other files of questions"),
    ".eval": "a log of inspect, expected problems; what models answered is imported as traces",
    **ANYWHERE,
}
OF_TRACES = {
    **dict.fromkeys(
        (".csv", ".tsv", *SPREADSHEETS), "a table, expected JSON; a table of questions is imported as problems"
    ),
    **ANYWHERE,
}


def refused_file(name: str, refused: dict[str, str]) -> str:
    """What a file is that is refused, as the end of a sentence; "" for one that is read."""
    lowered = name.lower()
    return next((what for ending, what in refused.items() if lowered.endswith(ending)), "")
