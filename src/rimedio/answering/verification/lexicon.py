"""Words whose change turns a sentence round: opposites, colours, negations, obligations; Italian and English.

Forms are folded (no accents) and listed as stem prefixes: "apri*" is every word that begins so.
"""

from collections.abc import Iterator, Mapping

# Each line: one meaning | the opposite meaning. "*" ends a prefix; "_" joins two words.
_OPPOSITES = """
open* unlatch* | close* closing clos* shut
apri* aper* | chiud* chius* richiud*
turn_on turned_on turning_on | turn_off turned_off turning_off
switch_on switched_on switching_on | switch_off switched_off switching_off
power_on powered_on | power_off powered_off
accend* acceso accesa accesi accese accensione | spegn* spent*
energi* | deenergi*
energized energised live | deenergized deenergised
before prior | after following afterwards
prima | dopo
upper top | lower bottom
superior* | inferior*
increas* rais* | decreas* reduc* lower* diminish*
aument* innalz* alz* | diminu* ridu* abbass*
left | right
sinistr* | destr*
tighten* fasten* | loosen* slacken* unscrew*
serra* stringe* stringi* avvita* | allent* svita*
connect* reconnect* plug | disconnect* unplug*
collega* connet* ricollega* | scolleg* disconnet* stacca*
insert* install* fit | remov* extract* uninstall* detach*
inseri* install* monta* rimonta* | rimuov* rimoss* estra* togli* tolt* smonta*
enabl* activat* | disabl* deactivat*
abilit* attiv* | disabilit* disattiv*
lock* | unlock*
blocca* | sblocca*
high* | low lower* lowest
alto alta alti alte | basso bassa bassi basse
hot warm | cold cool
cald* | fredd*
positiv* | negativ*
minimum min least | maximum max most
minim* min almeno | massim* max
above over exceed* | below under beneath
sopra oltre supera* | sotto
inside internal* inner indoor | outside external* outer outdoor
intern* dentro | estern* fuori
input* inlet* intake | output* outlet*
ingress* | uscit*
clockwise | counterclockwise anticlockwise
orario oraria | antiorario antioraria
first | last
start* begin* run | stop* halt*
avvia* avvi | ferma* arrest* interromp*
front | rear back
anterior* frontal* | posterior*
mandata | ritorno
heating | cooling
riscalda* | raffredda* raffresca*
charging charge charges charged | discharg*
carica caricare caricando caricat* | scarica scaricare scaricando scaricat*
mandatory compulsory | optional optionally
obbligatori* | facoltativ* opzional*
allowed permitted | forbidden prohibited
consentit* permess* ammess* | vietat* proibit*
full* | empty
pien* | vuot*
wet | dry
bagnat* umid* | asciutt* secc*
manual manually | automatic automatically
manual* | automatic*
series | parallel
serie | parallelo
horizontal* | vertical*
orizzontal* | vertical*
up upward* | down downward*
fast* quick* | slow*
veloc* rapid* | lent*
normal* | abnormal*
same | different
lung* | cort* brev*
ac vac alternating | dc vdc continuous
alternata | continua
success* | fail*
true | false
vero | falso
present | absent missing
presente presenti | assente assenti mancante mancanti
more greater longer larger higher | less fewer smaller shorter
maggior* | minor*
solid lit | flashing blinking blinks flashes
fiss* | lampeggia*
free | blocked clogged
liber* | ostruit* intasat* occupat*
single-phase singlephase monofase | three-phase threephase trifase
primary | secondary
primari* | secondari*
correct* | incorrect* wrong
corrett* | errat* sbagliat*
safe | unsafe dangerous
sicur* | pericolos*
clean | dirty
pulit* | sporc*
near | far
vicin* | lontan*
"""

# Too common as prepositions to be compared anywhere but word against word in an aligned text.
_ALIGNED_ONLY = (
    ("on", "off"),
    ("with", "without"),
    ("con", "senza"),
    ("always", "never"),
    ("sempre", "mai"),
    ("in", "out"),
)

_COLOURS = """
red rosso rossa rossi rosse | green verde verdi | yellow giallo gialla gialli gialle | blue blu
white bianco bianca bianchi bianche | black nero nera neri nere | orange arancione arancioni
grey gray grigio grigia | brown marrone | purple viola
"""

_NEGATIONS_WORDS = """
not no never without neither nor none non mai senza nessun nessuno nessuna ne neppure nemmeno
neanche avoid avoids avoiding evitare evita evitate evitando forbidden prohibited vietato vietata
vietati vietate proibito proibita divieto impossible impossibile
"""
NEGATIONS = frozenset(_NEGATIONS_WORDS.split())
_OBLIGATION_WORDS = """
must shall required requires mandatory obligatory need needs deve devono dovete devi dovra dovranno
occorre necessario necessaria bisogna obbligatorio obbligatoria
"""
OBLIGATION = frozenset(_OBLIGATION_WORDS.split())
_PERMISSION_WORDS = """
may might can could optional optionally possible puo possono potete puoi potrebbe potra possibile
facoltativo facoltativa opzionale
"""
PERMISSION = frozenset(_PERMISSION_WORDS.split())
_EXCLUSIVE_WORDS = """
only solely exclusively solo soltanto solamente esclusivamente unicamente
"""
EXCLUSIVE = frozenset(_EXCLUSIVE_WORDS.split())
_CLAUSE_ENDS_WORDS = """
. , ; : ! ? ( ) but ma unless until se if bensi tuttavia however otherwise altrimenti
"""
CLAUSE_ENDS = frozenset(_CLAUSE_ENDS_WORDS.split()) | {"\n"}


def _meanings() -> Iterator[tuple[str, str, str]]:
    """Word or prefix, its group, its side within the group."""
    for number, line in enumerate(_OPPOSITES.strip().splitlines()):
        for side, names in zip("+-", line.split("|"), strict=True):
            for name in names.split():
                yield name, f"o{number}", side
    for names in _COLOURS.strip().replace("\n", "|").split("|"):
        for name in names.split():
            yield name, "colour", names.split()[0]


Meaning = tuple[str, str]  # group, side


def _index() -> tuple[Mapping[str, tuple[Meaning, ...]], Mapping[str, tuple[tuple[str, Meaning], ...]]]:
    exact: dict[str, list[Meaning]] = {}
    prefixes: dict[str, list[tuple[str, Meaning]]] = {}
    for name, group, side in _meanings():
        if name.endswith("*"):
            prefixes.setdefault(name[:2], []).append((name[:-1], (group, side)))
        else:
            exact.setdefault(name, []).append((group, side))
    return (
        {k: tuple(v) for k, v in exact.items()},
        {k: tuple(v) for k, v in prefixes.items()},
    )


_EXACT, _PREFIXES = _index()


def meanings(word: str) -> tuple[Meaning, ...]:
    """The (group, side) pairs that a folded word, or two joined by "_", stands for."""
    found = list(_EXACT.get(word, ()))
    found += [meaning for prefix, meaning in _PREFIXES.get(word[:2], ()) if word.startswith(prefix)]
    return tuple(found)


def opposed(one: str, other: str) -> bool:
    """Whether two folded words that stand in the same place of two texts turn the meaning round."""
    if (one, other) in _ALIGNED_ONLY or (other, one) in _ALIGNED_ONLY:
        return True
    return any(a[0] == b[0] and a[1] != b[1] for a in meanings(one) for b in meanings(other))
