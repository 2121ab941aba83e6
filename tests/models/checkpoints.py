"""Creates tiny random checkpoints of every architecture, each with the kind of tokenizer that its published models have."""

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AlbertConfig,
    AutoModelForMaskedLM,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    set_seed,
)

from tests.conftest import WORDS

_SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
_ROBERTA_TOKENS = {
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
_BERT_TOKENS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
_DEBERTA_V3: dict[str, Any] = {
    "relative_attention": True,
    "position_buckets": 16,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": "p2c|c2p",
    "position_biased_input": False,
}
ARCHITECTURES = ("bert", "distilbert", "roberta", "deberta-v2", "modernbert", "electra", "albert")


def save_checkpoint(architecture: str, folder: Path) -> Path:
    """Write a checkpoint in published form: the masked language model with its tokenizer."""
    set_seed(0)
    tokenizer = tiny_tokenizer(architecture)
    config = _config(architecture, len(tokenizer), tokenizer.get_vocab()[str(tokenizer.pad_token)])
    AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _config(architecture: str, vocabulary_size: int, pad_id: int) -> PreTrainedConfig:
    common: dict[str, Any] = {"vocab_size": vocabulary_size, "pad_token_id": pad_id, "max_position_embeddings": 40}
    if architecture == "distilbert":
        return DistilBertConfig(**common, dim=32, n_layers=2, n_heads=2, hidden_dim=64)
    common |= _SHAPE
    if architecture == "roberta":
        return RobertaConfig(**common, type_vocab_size=1)
    if architecture == "deberta-v2":
        return DebertaV2Config(**common, **_DEBERTA_V3)
    if architecture == "modernbert":
        common |= {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
        return ModernBertConfig(**common, local_attention=16)
    if architecture == "electra":
        return ElectraConfig(**common, embedding_size=16)
    if architecture == "albert":
        return AlbertConfig(**common, embedding_size=16)
    return BertConfig(**common)


def tiny_tokenizer(architecture: str) -> PreTrainedTokenizerFast:
    """A tokenizer of the kind that an architecture uses, with the words of the tests."""
    if architecture in ("roberta", "modernbert"):
        special = _ROBERTA_TOKENS if architecture == "roberta" else _BERT_TOKENS
        backend = Tokenizer(models.BPE(vocab=_index_tokens([*special.values(), *_byte_alphabet()]), merges=[]))
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=architecture == "roberta")
        backend.decoder = decoders.ByteLevel()
    elif architecture in ("deberta-v2", "albert"):
        special = _BERT_TOKENS
        pieces = [*special.values(), "▁", *(f"▁{word}" for word in WORDS), *"abcdefghijklmnopqrstuvwxyz"]
        backend = Tokenizer(models.Unigram([(piece, -float(i)) for i, piece in enumerate(pieces)], unk_id=1))
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
        backend.decoder = decoders.Metaspace()
    else:
        special = _BERT_TOKENS
        letters = "abcdefghijklmnopqrstuvwxyz"
        pieces = [*special.values(), *WORDS, *letters[1:], *(f"##{letter}" for letter in letters)]
        backend = Tokenizer(models.WordPiece(_index_tokens(pieces), unk_token="[UNK]"))
        backend.normalizer = normalizers.BertNormalizer()
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        backend.decoder = decoders.WordPiece()
    first, last = special["cls_token"], special["sep_token"]
    token_ids = [(token, backend.get_vocab()[token]) for token in (first, last)]
    backend.post_processor = processors.TemplateProcessing(single=f"{first} $A {last}", special_tokens=token_ids)
    return PreTrainedTokenizerFast(tokenizer_object=backend, **special)


def _index_tokens(pieces: list[str]) -> dict[str, int]:
    return {piece: i for i, piece in enumerate(pieces)}


def _byte_alphabet() -> list[str]:
    return sorted(pre_tokenizers.ByteLevel.alphabet())
