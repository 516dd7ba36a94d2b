"""Token counts are on the safe side and need nobody."""

from rimedio.llm.tokens import CharacterTokenCounter, TokenizerTokenCounter

TEXT = "Sostituire il filtro con XC2-FLT-01 e serrare a 1,5 Nm."


def test_characters_count_more_tokens_than_words():
    assert CharacterTokenCounter().count(TEXT) >= len(TEXT.split())


def test_an_empty_text_has_no_tokens():
    assert CharacterTokenCounter().count("") == 0


def test_without_a_tokenizer_file_the_character_rule_counts(tmp_path):
    assert TokenizerTokenCounter(tmp_path / "none.json").count(TEXT) == CharacterTokenCounter().count(TEXT)


def test_a_broken_tokenizer_file_is_no_crash(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")

    assert TokenizerTokenCounter(tmp_path / "tokenizer.json").count(TEXT) > 0


def test_a_tokenizer_counts_with_its_margin(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    counter = TokenizerTokenCounter(tmp_path / "tokenizer.json")

    assert counter.count("a a a a a") == 6
    assert counter.count("a a a a a") == 6  # from memory
