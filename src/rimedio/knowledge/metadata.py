"""What is known about a document beside its text: kind, version, date, models, tags, language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

from rimedio.domain.knowledge import DocType
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.extract import Extracted
from rimedio.knowledge.language import detect_language

TYPE_WORDS: tuple[tuple[DocType, str], ...] = (
    (
        DocType.BULLETIN,
        r"bulletins?|bollettin[oi]|circolar[ei]|tsb|service[ -]?notes?|technical[ -]?notes?|avvisi?",
    ),
    (DocType.FAQ, r"faqs?|domande|q&a"),
    (DocType.SOP, r"sops?|procedures?|procedur[ae]|istruzion[ei][ -]operativ[ae]|runbooks?"),
    (DocType.WIKI, r"wiki"),
    (DocType.MANUAL, r"manuals?|manual[ei]|guides?|guid[ae]"),
)
VERSION_FIELDS = ("version", "versione", "revision", "revisione", "rev", "release")
DATE_FIELDS = (
    "date",
    "data",
    "updated",
    "updated_at",
    "last_updated",
    "aggiornato",
    "published",
    "issued",
    "modified",
)
MODEL_FIELDS = (
    "models",
    "model",
    "modelli",
    "modello",
    "product_models",
    "product_model",
    "product",
    "products",
    "prodotto",
)
TAG_FIELDS = ("tags", "tag", "keywords", "parole_chiave")
CATEGORY_FIELDS = ("categories", "category", "categorie", "categoria")
TYPE_FIELDS = ("doc_type", "type", "tipo", "document_type")
LANGUAGE_FIELDS = ("lang", "language", "lingua")
VERSION_IN_NAME = re.compile(
    r"(?:^|[\s_.-])(?:v|ver|version|rev|revision|r)[\s_.-]?(\d{1,3}(?:[._]\d{1,3}){0,3}[a-z]?)(?=$|[\s_-])",
    re.IGNORECASE,
)
DATE_IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d{2})[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)"
)
ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?")
EUROPEAN_DATE = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
MODEL = re.compile(r"(?<![\w./-])[A-Z]{2,5}\d?-\d{2,5}[A-Z]{0,3}(?![\w-]|\.\d)")
NO_MODEL = re.compile(
    r"(?:ISO|IEC|EN|CEI|UNI|UL|UTF|AES|SHA|RFC|CVE|IEEE|DIN|VDE|RS|TLS|SSL|CIS|NIST|PCI|RJ|CAT|IP|NEMA|CTA|USB|HTTP|TCP|"
    r"UDP|ASTM|ANSI|JIS|BS|CE|FCC|SAE|MD|PSU|COVID|SOP|ERR|ERROR|STEP|FIG|TAB|PAG|CAP)-\d+"
)
PAPER = re.compile(
    r"(?:bollettin\w*|bulletins?|circolar\w*|not[ae]|notes?|sop|procedur\w*|modul[oi]|forms?|revision\w*|figur\w*|"
    r"tecnic[oa]|technical|document\w*)\W*\Z",
    re.IGNORECASE,
)
EVERY_MODEL = frozenset({"all", "any", "every", "tutti", "tutte", "*", "-", "none"})
LANGUAGE_SAMPLE = 1_500


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says about itself. `dated` is None when neither its text nor its name gives a date."""

    doc_type: DocType
    language: str
    version: str | None = None
    dated: datetime | None = None
    product_models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def facts_of(extracted: Extracted, name: str, taxonomy: Taxonomy) -> Facts:
    """Read the front matter, then the file's name and folders, then the title."""
    fields = extracted.attributes
    models = [m for m in split_values(_first(fields, MODEL_FIELDS)) if m.lower() not in EVERY_MODEL]
    return Facts(
        doc_type=_doc_type(_first(fields, TYPE_FIELDS), name, extracted.title),
        language=_language(_first(fields, LANGUAGE_FIELDS), extracted),
        version=_first(fields, VERSION_FIELDS) or _version_in(name),
        dated=parse_date(_first(fields, DATE_FIELDS)) or _date_in(name),
        product_models=tuple(models),
        tags=split_values(_first(fields, TAG_FIELDS)),
        categories=split_values(_first(fields, CATEGORY_FIELDS)),
    )


def models_in(text: str, taxonomy: Taxonomy, *, heading: bool = False) -> tuple[str, ...]:
    """Product models that `text` names: the taxonomy's, and in a heading also what is written like one."""
    found = [model for model in taxonomy.models() if _names(text, model)]
    if heading:
        written = (m for m in MODEL.finditer(text) if not PAPER.search(text[: m.start()]))
        found += [m.group() for m in written if not NO_MODEL.fullmatch(m.group())]
    return tuple(dict.fromkeys(found))


def split_values(text: str) -> tuple[str, ...]:
    """Values of a comma-separated field."""
    return tuple(value for raw in text.strip("[]").split(",") if (value := raw.strip(" '\"")))


def parse_date(text: str) -> datetime | None:
    """A date such as 2026-01-31, 2026-01 or 31/01/2026, at midnight UTC; None when it is none."""
    try:
        if found := ISO_DATE.match(text.strip()):
            year, month, day = found.groups()
            return _midnight(date(int(year), int(month), int(day or 1)))
        if found := EUROPEAN_DATE.match(text.strip()):
            day, month, year = found.groups()
            return _midnight(date(int(year), int(month), int(day)))
    except ValueError:
        return None
    return None


def _names(text: str, model: str) -> bool:
    if model not in text and model.lower() not in text.lower():
        return False
    return re.search(rf"(?<![\w-]){re.escape(model)}(?![\w])", text, re.IGNORECASE) is not None


def _first(fields: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((fields[name].strip() for name in names if fields.get(name, "").strip()), "")


def _doc_type(given: str, name: str, title: str) -> DocType:
    if given.upper() in DocType.__members__:
        return DocType[given.upper()]
    path = PurePosixPath(name.replace("\\", "/"))
    places = [given, path.stem, *reversed(path.parts[-4:-1]), title]
    for place in places:
        words = place.lower().replace("_", " ")
        for kind, pattern in TYPE_WORDS:
            if re.search(rf"(?<![^\W\d_])(?:{pattern})(?![^\W\d_])", words):
                return kind
    return DocType.MANUAL


def _language(given: str, extracted: Extracted) -> str:
    if re.match(r"[A-Za-z]{2}(?![A-Za-z])", given):
        return given[:2].lower()
    size, texts = 0, [extracted.title]
    for block in extracted.blocks:
        texts.append(block.text)
        size += len(block.text)
        if size > LANGUAGE_SAMPLE:
            break
    return detect_language("\n".join(texts))


def _version_in(name: str) -> str | None:
    found = VERSION_IN_NAME.search(PurePosixPath(name).stem)
    return found.group(1).replace("_", ".") if found else None


def _date_in(name: str) -> datetime | None:
    found = DATE_IN_NAME.search(PurePosixPath(name).stem)
    if not found:
        return None
    year, month, day = found.groups()
    return parse_date(f"{year}-{month}-{day or '01'}")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
