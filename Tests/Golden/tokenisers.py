"""Golden token ids: OpenAI's byte-pair encoding and BERT's word pieces, for Tests/LanguageTests.

Usage:
  tokenisers.py FOLDER
      trains two small vocabularies on a few sentences and writes them with the ids of some hundred
      strings: bpe.txt, vocab.txt, tokens.json. The files are committed.
  tokenisers.py check BINARY COUNT [BPE_FILE [WORDPIECE_FILE]]
      compares the program benchmark-language with the references on COUNT generated strings.

Needs open_clip_torch, ftfy, regex and tokenizers. ftfy's guess of wrong encodings is on; Ferry repairs
only whole lines of UTF-8 read as Windows-1252 (docs/language.md), so strings that differ for another guess
are counted apart.
"""

import collections
import gzip
import html
import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata

import ftfy
import open_clip.tokenizer
import regex
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

FOLDER = os.path.join(os.path.dirname(__file__), "..", "LanguageTests", "Golden")
SENTENCES = """
a photo of a person making a happiness facial expression. A photo of a person making an anger face.
This person is feeling sadness. An ID photo of a fear facial expression. He isn't surprised; we're not
disgusted, they'll say: "I've seen it", and she'd say 1,234.56 or 2026. naïve café résumé über Straße
señor façade Ångström Ελληνικά σοφός ΣΟΦΟΣ русский текст Ёлка 日本語の文章 表情 中文 한국어 얼굴 표정
emotion emotions emotional emotionless unhappy unhappiness expression expressions expressive
""".split()


def bpe_reference(path, guess=True):
    """open_clip's tokeniser with OpenAI's names of the special tokens."""
    with tempfile.TemporaryDirectory() as folder:
        if not path.endswith(".gz"):
            packed = os.path.join(folder, "bpe.txt.gz")
            with gzip.open(packed, "wb") as file, open(path, "rb") as plain:
                file.write(plain.read().rstrip(b"\n"))
            path = packed
        t = open_clip.tokenizer.SimpleTokenizer(path)
    for ours, theirs in (("<|startoftext|>", "<start_of_text>"), ("<|endoftext|>", "<end_of_text>")):
        t.encoder[ours] = t.encoder.pop(theirs)
        t.cache[ours] = ours
    t.pat = regex.compile(
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
        regex.IGNORECASE,
    )

    def clean(text):
        fixed = ftfy.fix_text(text, fix_encoding=guess)
        fixed = html.unescape(html.unescape(fixed)).strip()
        return regex.sub(r"\s+", " ", fixed).strip().lower()

    t.clean_fn = clean
    return t


def wordpiece_reference(path, uncased):
    tokens = open(path, encoding="utf-8").read().split("\n")[:-1]
    vocab = {token: index for index, token in enumerate(tokens)}
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=uncased)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens([s for s in ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]") if s in vocab])
    return t


def assigned():
    """Scalars that all libraries' Unicode tables know: those of version 7 or older, roughly."""
    old = unicodedata.ucd_3_2_0
    return [
        chr(c)
        for c in range(0x110000)
        if not 0xD800 <= c < 0xE000 and old.category(chr(c)) not in ("Cn", "Co", "Cs")
        and old.category(chr(c)) == unicodedata.category(chr(c))
    ]


def strings(count, seed=7):
    rng = random.Random(seed)
    everything = assigned()
    ranges = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x1E00, 0x2000),
              (0x2000, 0x2070), (0x3040, 0x3100), (0x4E00, 0x4F00), (0xAC00, 0xAD00), (0x1100, 0x1200),
              (0xFB00, 0xFB07), (0xFF00, 0xFFEF), (0x1F600, 0x1F650), (0x00, 0x20), (0x7F, 0xA0)]
    known = set(everything) | set(map(chr, range(0x1F600, 0x1F640)))
    pools = [[chr(c) for c in range(a, b) if chr(c) in known] for a, b in ranges]
    odd = ["&amp;", "&lt;b&gt;", "&eacute;", "&#233;", "&#x1F600;", "&amp;amp;", "&copy 2026", "&#150;",
           "&nosuch;", "<|startoftext|>", "<|endoftext|>", "[MASK]", "[CLS]", "it's", "WE'LL", "don't",
           "\r\n", "\u2028", "\x1b[31mred\x1b[0m", "x" * 101, "ab" * 50, "\u3000", "##ing", "\ufeff",
           "ΑΣ", "ΑΣ.", "Σ", "İstanbul",  "ſ't", "'ſ", "e\u0301\u0323", "\u1e9b\u0323", "½²Ⅷ"]
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 8)):
            kind = rng.random()
            if kind < 0.35:
                parts.append(rng.choice(SENTENCES))
            elif kind < 0.75:
                pool = rng.choice(pools)
                parts.append("".join(rng.choice(pool) for _ in range(rng.randint(1, 6))))
            elif kind < 0.9:
                parts.append("".join(rng.choice(everything) for _ in range(rng.randint(1, 4))))
            else:
                parts.append(rng.choice(odd))
        yield rng.choice([" ", " ", "", "  ", "\t"]).join(parts)


def train_bpe(path, merges=250):
    """The plain algorithm on words of bytes; the file has OpenAI's form."""
    spell = open_clip.tokenizer.bytes_to_unicode()
    words = collections.Counter()
    for word in SENTENCES:
        letters = [spell[b] for b in word.lower().encode()]
        words[tuple(letters[:-1] + [letters[-1] + "</w>"])] += 1
    lines = []
    while len(lines) < merges:
        pairs = collections.Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        if not pairs:
            break
        a, b = max(sorted(pairs), key=pairs.get)
        lines.append(f"{a} {b}")
        merged = collections.Counter()
        for word, n in words.items():
            out = []
            for symbol in word:
                if out and out[-1] == a and symbol == b:
                    out[-1] = a + b
                else:
                    out.append(symbol)
            merged[tuple(out)] += n
        words = merged
    with open(path, "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "\n".join(lines) + "\n")


def train_wordpiece(path, size=420):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=False)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    )
    lower = [normalizers.BertNormalizer(lowercase=True).normalize_str(w) for w in SENTENCES]
    t.train_from_iterator([" ".join(SENTENCES + lower)], trainer)
    vocab = sorted(t.get_vocab().items(), key=lambda item: item[1])
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(token + "\n" for token, _ in vocab)


def write(folder):
    bpe, pieces = os.path.join(folder, "bpe.txt"), os.path.join(folder, "vocab.txt")
    train_bpe(bpe)
    train_wordpiece(pieces)
    references = {
        "clip": bpe_reference(bpe).encode,
        "uncased": lambda s: wordpiece_reference(pieces, True).encode(s, add_special_tokens=False).ids,
        "cased": lambda s: wordpiece_reference(pieces, False).encode(s, add_special_tokens=False).ids,
    }
    guess, plain = bpe_reference(bpe), bpe_reference(bpe, guess=False)
    texts = [s[:60] for s in strings(400)]
    texts = [s for s in texts if guess.encode(s) == plain.encode(s)][:296]
    texts += ["cafÃ©", "â\u0153\u201d mojibake", "â\u20ac\u0153quotesâ\u20ac\x9d", "Ã\x89mile &amp; Ã©"]
    rows = [{"text": s, **{name: f(s) for name, f in references.items()}} for s in texts]
    with open(os.path.join(folder, "tokens.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]\n")


def compare(binary, kind, path, texts, reference, guessless=None):
    lines = "\n".join(json.dumps(s) for s in texts) + "\n"
    ours = subprocess.run([binary, "tokens", kind, path], input=lines, text=True, check=True,
                          stdout=subprocess.PIPE).stdout.splitlines()
    wrong = guesses = 0
    for text, line in zip(texts, ours, strict=True):
        ids, expected = json.loads(line), reference(text)
        if ids != expected and guessless and ids == guessless(text):
            guesses += 1
        elif ids != expected:
            wrong += 1
            if wrong <= 8:
                print(f"  {text!r}\n    ours {ids}\n    reference {expected}")
    print(f"{kind} {os.path.basename(path)}: {len(texts) - wrong - guesses} of {len(texts)} strings "
          f"agree, {guesses} differ by a guessed encoding only")
    return wrong


def check(binary, count, bpe=None, pieces=None):
    bpe = bpe or open_clip.tokenizer.default_bpe()
    texts = list(strings(count, seed=11))
    wrong = compare(binary, "clip", bpe, texts, bpe_reference(bpe).encode,
                    bpe_reference(bpe, guess=False).encode)
    for kind in ("uncased", "cased"):
        path = pieces or os.path.join(FOLDER, "vocab.txt")
        t = wordpiece_reference(path, kind == "uncased")
        wrong += compare(binary, kind, path, texts,
                         lambda s: t.encode(s, add_special_tokens=False).ids)
    sys.exit(1 if wrong else 0)


if sys.argv[1] == "check":
    check(sys.argv[2], int(sys.argv[3]), *sys.argv[4:6])
else:
    write(sys.argv[1])
