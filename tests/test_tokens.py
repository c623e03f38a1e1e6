"""Texts that are split into tokens: the same rate from every format, and that of torchmetrics."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli.cli import main
from losscli.data import csv_file
from losscli.data.files import open_files
from losscli.data.place import Place
from losscli.data.reading import Reading
from losscli.data.tokens import Characters, Words
from losscli.errors import DataError, UsageError
from losscli.spec import parse

Texts = Sequence[str]

# Characters of one to four bytes, several kinds of white space, what CSV needs quotes for.
texts = st.text(alphabet="ab \t\n\u00a0é東😀,\"'\u3000", max_size=12)
pairs = st.lists(st.tuples(texts, texts), min_size=1, max_size=12)


def edits(x: Sequence[str], y: Sequence[str]) -> int:
    """The edit distance, cell by cell."""
    above = list(range(len(y) + 1))
    for i, mine in enumerate(x, 1):
        row = [i]
        for j, other in enumerate(y, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (mine != other)))
        above = row
    return above[-1]


SPLIT: dict[str, Callable[[str], Sequence[str]]] = {"words": str.split, "characters": list}


def total(hypotheses: Texts, references: Texts, tokens: str) -> int:
    split = SPLIT[tokens]
    return sum(edits(split(x), split(y)) for x, y in zip(hypotheses, references, strict=True))


def write_csv(path: Path, name: str, column: Texts) -> str:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name, "n"])
        writer.writerows((text, i) for i, text in enumerate(column))
    return str(path)


# --- the numbers ---------------------------------------------------------------------------------

# Errors and totals of torchmetrics 1.9.0: WordErrorRate, then CharErrorRate.
TORCHMETRICS = [
    (["the cat sat on the mat"], ["the cat sat on a mat"], (1, 6), (3, 20)),
    (
        ["no brown fox", "", "over  it\tall "],
        ["the quick brown fox", "jumps", "over it all"],
        (3, 8),
        (17, 35),
    ),
    (["one two three four"], ["two"], (3, 1), (15, 3)),
    (["", "a b"], ["", "b a"], (2, 2), (2, 3)),
    (
        ["Über die Brücke", "naïve 東京 😀"],
        ["uber die brücke", "naive 東京都 😀 !"],
        (5, 7),
        (6, 28),
    ),
    (
        [" lead and trail ", "tab\there\nand there"],
        ["lead and trail", "tab here and there"],
        (0, 7),
        (4, 32),
    ),
]


@pytest.mark.parametrize(("x", "y", "words", "characters"), TORCHMETRICS)
def test_rates_are_those_of_torchmetrics(
    x: Texts, y: Texts, words: tuple[int, int], characters: tuple[int, int]
) -> None:
    for tokens, (errors, count) in (("words", words), ("characters", characters)):
        found = losscli.compute("wer", x, y, tokens=tokens)
        assert found.value == errors / count
        assert (found.reductions["sum"], found.divisor) == (errors, count)


@given(pairs, st.sampled_from(["words", "characters"]))
def test_edits_are_those_of_the_definition(given_pairs: list[tuple[str, str]], tokens: str) -> None:
    x, y = [x for x, _ in given_pairs], [y for _, y in given_pairs]
    found = losscli.compute("cer", x, y, tokens=tokens, reduction="none")
    split = SPLIT[tokens]
    assert found.elements is not None
    assert found.elements.tolist() == [edits(split(a), split(b)) for a, b in zip(x, y, strict=True)]


def test_every_white_space_separates_words_and_nothing_else_does() -> None:
    points = [chr(i) for i in range(sys.maxunicode + 1) if not 0xD800 <= i < 0xE000]
    column = pa.array([f"a{point}b" for point in points])
    lengths = Words().encode(column, Place(None)).lengths
    assert lengths.tolist() == [len(f"a{point}b".split()) for point in points]


def test_the_same_word_is_the_same_number_in_every_column_and_chunk() -> None:
    coder = Words()
    first = coder.encode(pa.array(["a b a", ""]), Place(None))
    second = coder.encode(pa.array(["b", "c a"]).dictionary_encode(), Place(None))
    a, b, c = first.values[0], first.values[1], second.values[1]
    assert first.values.tolist() == [a, b, a]
    assert second.values.tolist() == [b, c, a]
    assert len({a, b, c}) == 3
    assert first.offsets.tolist() == [0, 3, 3]


def test_a_slice_of_a_column_is_split_by_itself() -> None:
    column = pa.array(["zz", "é東", "", "😀", "q"]).slice(1, 3)
    found = Characters().encode(column, Place(None))
    assert found.values.tolist() == [ord("é"), ord("東"), ord("😀")]
    assert found.offsets.tolist() == [0, 2, 2, 3]


# --- every format, every cut ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def spoken() -> tuple[list[str], list[str]]:
    """More texts than a block has, of very different lengths, some of them empty."""
    rng = np.random.default_rng(7)
    vocabulary = np.array(["a", "the", "größer", "東京", "😀", "x,y", '"no"', "it's", "end."])
    references, hypotheses = [], []
    for length in rng.integers(0, 6, 3000):
        words = rng.choice(vocabulary, length)
        kept = words[rng.random(length) > 0.1]
        references.append(" ".join(words))
        hypotheses.append("  ".join(np.where(rng.random(len(kept)) > 0.1, kept, "oh")))
    return hypotheses, references


ARROW_TYPES = {
    "string": lambda x: pa.array(x),
    "large_string": lambda x: pa.array(x, pa.large_string()),
    "string_view": lambda x: pa.array(x, pa.string_view()),
    "dictionary": lambda x: pa.array(x).dictionary_encode(),
}
IN_MEMORY: dict[str, Callable[[Texts], Any]] = {
    "list": list,
    "tuple": tuple,
    "numpy": np.array,
    "objects": lambda x: np.array(x, object),
    "series": pd.Series,
    "series of objects": lambda x: pd.Series(x, dtype=object),
    "categories": lambda x: pd.Series(x, dtype="category"),
    "arrow": pa.array,
    "chunks": lambda x: pa.chunked_array([x[:7], x[7:]]),
    "frame": lambda x: pd.DataFrame({"anything": x}),
    "table": lambda x: pa.table({"anything": x}),
}


@pytest.mark.parametrize("tokens", ["words", "characters"])
def test_every_format_gives_the_same(
    spoken: tuple[list[str], list[str]], tokens: str, tmp_path: Path
) -> None:
    x, y = spoken
    files = write_csv(tmp_path / "x.csv", "text", x), write_csv(tmp_path / "y.csv", "text", y)
    expected = losscli.compute("wer", *files, tokens=tokens)
    assert expected.reductions["sum"] == total(x, y, tokens)
    for name, of in ARROW_TYPES.items():
        path = tmp_path / f"{name}.parquet"
        table = pa.table({"hyp": of(x), "ref": of(y)})
        pq.write_table(table, path, row_group_size=777)
        for threads in (1, 2, 7):
            found = losscli.compute("wer", path, tokens=tokens, threads=threads)
            assert same(found, expected), (name, threads)
    for name, make in IN_MEMORY.items():
        assert same(losscli.compute("wer", make(x), make(y), tokens=tokens), expected), name
    lines = [json.dumps({"hyp": a, "ref": b}) for a, b in zip(x, y, strict=True)]
    (tmp_path / "both.jsonl").write_text("\n".join(lines))
    feather.write_feather(pa.table({"hyp": x, "ref": y}), tmp_path / "both.arrow", chunksize=700)
    np.savez(tmp_path / "both.npz", hyp=np.array(x), ref=np.array(y))
    for path in (tmp_path / "both.jsonl", tmp_path / "both.arrow", tmp_path / "both.npz"):
        assert same(losscli.compute("wer", path, tokens=tokens), expected), path
    frame = pd.DataFrame({"id": range(len(x)), "hyp": x, "ref": y})
    assert same(losscli.compute("wer", frame, tokens=tokens), expected)


def same(found: losscli.Result, expected: losscli.Result) -> bool:
    assert found.per_sample is not None
    assert expected.per_sample is not None
    return (
        np.array_equal(found.per_sample, expected.per_sample)
        and found.reductions == expected.reductions
        and found.distribution == expected.distribution
        and found.signature == expected.signature
    )


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("piece", [2**8, 2**14])
def test_line_ends_in_quotes_and_small_pieces(
    threads: int, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "_PIECE_BYTES", piece)
    x = ["a\nb  c", "", ' "quoted", and ', "d"] * 200
    y = ["a b c", "e", '"quoted", or', "\n"] * 200
    files = write_csv(tmp_path / "x.csv", "text", x), write_csv(tmp_path / "y.csv", "text", y)
    for tokens in ("words", "characters"):
        found = losscli.compute("wer", *files, tokens=tokens, threads=threads)
        assert found.reductions["sum"] == total(x, y, tokens)
        assert same(found, losscli.compute("wer", x, y, tokens=tokens))


def test_a_block_has_as_many_rows_whatever_the_format(tmp_path: Path) -> None:
    from losscli.engine.plan import Plan
    from losscli.engine.shapes import fit_inputs

    x, y = ["word " * 300, "a"], ["a", "b"]
    bound = parse("wer")
    pq.write_table(pa.table({"hyp": x, "ref": y}), tmp_path / "both.parquet")
    files = write_csv(tmp_path / "x.csv", "text", x), write_csv(tmp_path / "y.csv", "text", y)
    reading = Reading(tokens="words")
    sizes = []
    for paths in ([*files], [str(tmp_path / "both.parquet")]):
        inputs = open_files(bound.loss.inputs, paths, columns={}, reading=reading)
        sizes.append(Plan(inputs, fit_inputs(bound, inputs)).block_rows)
        assert [source.dtype for source in inputs.roles.values()] == ["string", "string"]
    assert sizes == [128, 128]


def test_texts_of_several_files_are_one_table(tmp_path: Path) -> None:
    x, y = ["a b", "5", "", "c d"], ["a c", "five", "e", "c d"]
    for i in range(2):
        with open(tmp_path / f"part_{i}.csv", "w", newline="") as file:
            csv.writer(file).writerows(
                [("hyp", "ref"), *zip(x[2 * i :][:2], y[2 * i :][:2], strict=True)]
            )
    found = losscli.compute("wer", tmp_path / "part_*.csv", tokens="words")
    assert found.per_sample is not None
    assert found.value == total(x, y, "words") / 6


def test_rows_joined_by_key_and_sliced(tmp_path: Path) -> None:
    hyp = pd.DataFrame({"id": ["c", "a", "b"], "text": ["x y", "p", ""]})
    ref = pd.DataFrame({"id": ["a", "b", "c"], "who": ["m", "n", "m"], "text": ["p q", "r", "x"]})
    hyp.to_csv(tmp_path / "hyp.csv", index=False)
    ref.to_parquet(tmp_path / "ref.parquet")
    found = losscli.compute(
        "wer", tmp_path / "hyp.csv", tmp_path / "ref.parquet", on="id", by="who", tokens="words"
    )
    assert found.value == 3 / 4
    assert {one.name: one.value for one in found.slices} == {"who=m": 2 / 3, "who=n": 1.0}


def test_the_text_column_is_found_beside_numbers_and_ids(tmp_path: Path) -> None:
    rows = "id,seconds,said\nu1,1.5,a b\nu2,2.5,7\n"
    (tmp_path / "hyp.csv").write_text(rows)
    (tmp_path / "ref.csv").write_text("id,reference\nu1,a c\nu2,7\n")
    found = losscli.compute("wer", tmp_path / "hyp.csv", tmp_path / "ref.csv", tokens="words")
    assert found.inputs[0].columns == ("said",)
    assert found.value == 1 / 3


def test_texts_of_digits_are_texts(tmp_path: Path) -> None:
    (tmp_path / "both.csv").write_text("hyp,ref\n5 7,5 8\n12,12\n")
    assert losscli.compute("wer", tmp_path / "both.csv", tokens="words").value == 1 / 3
    (tmp_path / "digits.csv").write_text("hyp,ref\n57,58\n12,12\n")
    assert losscli.compute("cer", tmp_path / "digits.csv", tokens="characters").value == 1 / 4


# --- what is empty and what is missing -----------------------------------------------------------


def test_an_empty_cell_and_a_blank_line_are_empty_texts(tmp_path: Path) -> None:
    (tmp_path / "hyp.csv").write_text('text\na b\n\n""\n   \n"c\nd"\n')
    (tmp_path / "ref.csv").write_text("n,text\n1,a b\n2,e\n3,f\n4,g h\n5,c d\n")
    found = losscli.compute("wer", tmp_path / "hyp.csv", tmp_path / "ref.csv", tokens="words")
    assert found.value == 4 / 8
    # Without the line end in quotes Arrow reads the file, which must make no difference.
    (tmp_path / "fast.csv").write_text('text\na b\n\n""\n   \nc d\n')
    fast = losscli.compute("wer", tmp_path / "fast.csv", tmp_path / "ref.csv", tokens="words")
    assert fast.value == found.value


def test_plain_text_is_one_column_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "hyp.txt").write_text("no, at ten\n\nso, so\n")
    (tmp_path / "ref.txt").write_text("no at ten\nthanks\nso, so\n")
    reading = Reading(header=False, delimiter="tab", tokens="words")
    found = losscli.compute("wer", tmp_path / "hyp.txt", tmp_path / "ref.txt", reading=reading)
    assert found.value == 2 / 6


def test_words_that_look_missing_are_words(tmp_path: Path) -> None:
    (tmp_path / "both.csv").write_text("hyp,ref\nnone,none\nNA,null\n-,-\n")
    found = losscli.compute("wer", tmp_path / "both.csv", tokens="words")
    assert (found.value, found.divisor) == (1 / 3, 3)


@pytest.mark.parametrize(
    "make",
    [
        list,
        pd.Series,
        lambda x: pd.Series(x, dtype=object),
        lambda x: pa.array(x),
        lambda x: pa.array(x).dictionary_encode(),
    ],
)
def test_a_missing_text_is_an_error(make: Callable[[Any], Any]) -> None:
    with pytest.raises(DataError, match=r"row 2: the text is missing"):
        losscli.compute("wer", make(["a", None]), ["a", "b"], tokens="words")


def test_a_missing_text_in_parquet_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "both.parquet"
    pq.write_table(pa.table({"hyp": ["a"] * 3000, "ref": [*["b"] * 2999, None]}), path)
    with pytest.raises(DataError, match=r"'ref', row 3000: the text is missing"):
        losscli.compute("wer", path, tokens="words")


def test_rows_that_lack_a_text_can_be_left_out(tmp_path: Path) -> None:
    x, y = ["a b", None, "", "c"], ["a c", "d", "e", None]
    table = pa.table({"hyp": x, "ref": y})
    pq.write_table(table, tmp_path / "both.parquet")
    lines = [{"hyp": a, "ref": b} for a, b in zip(x, y, strict=True)]
    (tmp_path / "both.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    both = table.to_pandas()
    for given_as in ([tmp_path / "both.parquet"], [tmp_path / "both.jsonl"], [both], [x, y]):
        found = losscli.compute("wer", *given_as, tokens="words", missing="drop")
        assert (found.value, found.missing, found.counted) == (2 / 3, 2, 2)


# --- what is wrong -------------------------------------------------------------------------------


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "hyp.csv").write_text("hypothesis\na b\n")
    (tmp_path / "ref.csv").write_text("reference\na c\n")
    return [str(tmp_path / "hyp.csv"), str(tmp_path / "ref.csv")]


def test_the_command_line(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compute", "wer", *files, "--tokens", "words", "--format", "value") == 0
    assert capsys.readouterr().out == "0.5\n"
    assert run("compute", "cer", *files, "--tokens", "characters") == 0
    out = capsys.readouterr().out
    assert "error-rate|reduction:mean|divisor:target tokens|tokens:characters|n:1|" in out
    assert "string[*]" in out


def test_text_without_the_option_names_both_values(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compute", "wer", *files) == 2
    assert capsys.readouterr().err == (
        f"error: {files[0]}, column 'hypothesis': holds text, and nothing says what its tokens "
        "are (LC162)\n  --tokens words gives the word error rate, --tokens characters the "
        "character error rate\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["wer", "--tokens", "word"], "did you mean 'words'?"),
        (["mse", "--tokens", "words"], "--tokens words has no effect"),
        (["wer", "--tokens", "words", "--group", "id"], "a row of a group is one token"),
    ],
)
def test_wrong_use(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "both.csv").write_text("id,hyp,ref\n1,a,b\n")
    loss, *options = words
    columns = ["-c", "prediction=hyp", "-c", "target=ref"]
    assert run("compute", loss, str(tmp_path / "both.csv"), *columns, *options) == 2
    assert message in capsys.readouterr().err


def test_token_numbers_are_not_split() -> None:
    assert losscli.compute("wer", [[1, 2], [3]], [[1, 3], [3]]).value == 1 / 3
    with pytest.raises(UsageError, match="prediction and target hold token numbers, no text"):
        losscli.compute("wer", [[1, 2]], [[1, 3]], tokens="words")
    with pytest.raises(DataError, match="target holds token numbers, but prediction is text"):
        losscli.compute("wer", ["a b"], [[1, 3]], tokens="words")


def test_no_text_in_parquet_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table({"hyp": ["a"], "ref": [5]}), tmp_path / "both.parquet")
    with pytest.raises(DataError, match="'ref': holds int64, not text"):
        losscli.compute("wer", tmp_path / "both.parquet", tokens="words")


def test_values_that_are_no_text_are_named() -> None:
    with pytest.raises(DataError, match=r"row 2: 5 is no text"):
        losscli.compute("wer", ["a", 5], ["a", "b"], tokens="words")
    with pytest.raises(DataError, match=r"row 1: '\\ud800' is no Unicode text"):
        losscli.compute("wer", ["\ud800"], ["a"], tokens="characters")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "hyp.csv").write_bytes(b"id,text\n1,a\n2,b\xff\n")
    with pytest.raises(DataError, match=r"'text', row 2: is no UTF-8 text"):
        losscli.compute("wer", tmp_path / "hyp.csv", ["a", "b"], tokens="words")
    (tmp_path / "hyp.jsonl").write_text('{"text": "a"}\n{"text": "\\ud800"}\n')
    with pytest.raises(DataError, match=r"'text', row 2: is no Unicode text"):
        losscli.compute("wer", tmp_path / "hyp.jsonl", ["a", "b"], tokens="words")
    broken = pa.array([b"a", b"b\xff"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": broken}), tmp_path / "hyp.parquet")
    with pytest.raises(DataError, match=r"'text', row 2: is no UTF-8 text"):
        losscli.compute("wer", tmp_path / "hyp.parquet", ["a", "b"], tokens="words")


def test_several_columns_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "both.csv").write_text("a,b,ref\n1,x,r s\n")
    with pytest.raises(DataError):
        open_files(
            parse("wer").loss.inputs,
            [str(tmp_path / "both.csv")],
            columns={"prediction": "a,b"},
            reading=Reading(tokens="words"),
        )


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Peak memory of a process that reads four times as many texts."""
    peaks = []
    for rows in (50_000, 200_000):
        path = tmp_path / f"{rows}.parquet"
        column = pa.array(["one two three"] * rows)
        pq.write_table(pa.table({"hyp": column, "ref": column}), path, row_group_size=10_000)
        code = (
            "import resource; from losscli.cli import main\n"
            "try: main(['compute', 'wer', %r, '--tokens', 'words', '--format', 'value'])\n"
            "except SystemExit: pass\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code % str(path)], capture_output=True, text=True, check=True
        )
        value, peak = done.stdout.split()
        assert float(value) == 0.0
        peaks.append(int(peak))
    assert peaks[1] < 1.2 * peaks[0]


def test_a_loss_of_numbers_beside_a_loss_of_tokens_is_an_error(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for losses in ("wer,dtw", "wer+dtw"):
        assert run("compute", losses, *files, "--tokens", "words") == 2
        assert "dtw takes no tokens" in capsys.readouterr().err
    several = ["error-rate,error-rate(substitution_cost=2)", *files, "--tokens", "words"]
    assert run("compute", *several, "--format", "json") == 0
    assert "tokens:words" in capsys.readouterr().out


# --- what rests on it ----------------------------------------------------------------------------


def test_a_baseline_is_of_its_tokens_and_of_its_references(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ref.csv").write_text("reference\na c\nd\n")
    for name, texts in (("old", "a b\nd\n"), ("new", "zero c\nd\n")):
        (tmp_path / f"{name}.csv").write_text(f"hypothesis\n{texts}")
    before = ["--baseline", str(tmp_path / "base.json"), "--tolerance", "5%"]

    def check(hypotheses: str, tokens: str, *more: str) -> int:
        paths = [str(tmp_path / f"{hypotheses}.csv"), str(tmp_path / "ref.csv")]
        return run("check", "wer", *paths, "--tokens", tokens, *before, *more)

    assert check("old", "words", "--update-baseline") == 0
    # The words of other hypotheses come first, and the references are the same all the same.
    assert check("new", "words") == 0
    capsys.readouterr()
    assert check("new", "characters") == 2
    assert "tokens: words in the baseline, characters now" in capsys.readouterr().err


def test_a_check_in_a_file_says_its_tokens(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "losscli.toml"
    rules = 'loss = "wer"\nfiles = ["hyp.csv", "ref.csv"]\nmax = 0.4\n'
    config.write_text(f'[[checks]]\nname = "words"\n{rules}tokens = "words"\n')
    assert run("check", "--config", str(config)) == 1
    assert "0.5" in capsys.readouterr().out


def test_models_are_compared_by_their_words() -> None:
    found = losscli.compare(
        "wer",
        ["a b", "c d"] * 20,
        {"old": ["a x", "c"] * 20, "new": ["a b", "c"] * 20},
        tokens="words",
    )
    assert (found["old"].value, found["new"].value) == (0.5, 0.25)
    assert "|tokens:words|" in found.signature
