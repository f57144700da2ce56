"""Run by a Python that has trl: writes a tiny random model with a tokenizer of bytes, for scripts that name a model.

python tiny_model.py FOLDER
"""

import sys
from pathlib import Path

import transformers
import trl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
SPECIAL = ("[UNK]", "<pad>", "<|im_end|>", "<|im_start|>")
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
VOCABULARY = {word: place for place, word in enumerate((*SPECIAL, *ALPHABET))}
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "pad_token_id": 1,
}


def tokenizer(template: Path) -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.BPE(vocab=VOCABULARY, merges=[], unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", pad_token="<pad>", bos_token="<|im_start|>", eos_token="<|im_end|>"
    )
    made.chat_template = template.read_text()
    return made


if __name__ == "__main__":
    transformers.set_seed(1)
    Qwen2ForCausalLM(Qwen2Config(**SIZES)).save_pretrained(sys.argv[1])
    tokenizer(TEMPLATES / "qwen3_training.jinja").save_pretrained(sys.argv[1])
