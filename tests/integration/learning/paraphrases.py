"""Questions that no demo manual answers, each asked in several ways; written for the tests of grouping."""

THEMES: tuple[tuple[tuple[str, str], ...], ...] = (
    (
        ("it", "Si può verniciare il coperchio della stazione con un colore aziendale?"),
        ("it", "Vorremmo ridipingere il coperchio nel colore della nostra azienda, è permesso?"),
        ("en", "Are we allowed to paint the cover in our company colour?"),
    ),
    (
        ("it", "Come si collega la stazione a una rete LoRaWAN?"),
        ("it", "È previsto un collegamento LoRaWAN per la stazione?"),
        ("en", "Can the charger be connected through LoRaWAN?"),
    ),
    (
        ("it", "Quanto rumore fa l'unità esterna di notte, in decibel?"),
        ("it", "Il vicino si lamenta del rumore notturno dell'unità esterna: quanti decibel emette?"),
        ("en", "How many decibels does the outdoor unit make at night?"),
    ),
    (
        ("it", "Posso installare l'inverter in cantina dove a volte entra acqua?"),
        ("it", "La cantina si allaga: l'inverter può stare lì?"),
        ("en", "Can the inverter be mounted in a cellar that gets flooded?"),
    ),
    (
        ("it", "Esiste una app per Windows per leggere i dati dell'inverter?"),
        ("it", "Cerco un programma Windows per vedere i dati dell'inverter"),
        ("en", "Is there a Windows program to read the data of the inverter?"),
    ),
    (
        ("it", "Come faccio la disdetta del contratto di manutenzione?"),
        ("it", "Vorrei disdire il contratto di manutenzione annuale"),
        ("en", "How do I cancel the maintenance contract?"),
    ),
    (
        ("it", "Quali contributi statali ci sono per la pompa di calore?"),
        ("it", "C'è un contributo dello stato se compro la pompa di calore?"),
        ("en", "Which government subsidies exist for the heat pump?"),
    ),
    (
        ("it", "La stazione può alimentare la casa con la batteria dell'auto durante un blackout?"),
        ("it", "In caso di blackout si può usare la batteria dell'auto per alimentare la casa?"),
        ("en", "During a blackout, can the car battery power the house?"),
    ),
    (
        ("it", "Qual è il peso massimo che la parete deve sopportare?"),
        ("it", "Che peso deve reggere la parete per il montaggio?"),
        ("en", "What weight must the wall bear for mounting?"),
    ),
    (
        ("it", "Dopo il fulmine il display mostra solo righe verticali"),
        ("it", "Display con righe verticali da quando è caduto un fulmine"),
        ("en", "Since the lightning strike the display only shows vertical lines"),
    ),
    (
        ("it", "Le formiche hanno fatto il nido dentro la colonnina, che faccio?"),
        ("it", "Nido di formiche dentro la colonnina"),
        ("en", "Ants have built a nest inside the charging station"),
    ),
    (
        ("it", "Posso usare la pompa di calore per riscaldare la piscina?"),
        ("it", "Si può collegare la piscina alla pompa di calore per scaldarla?"),
        ("en", "Can I heat the swimming pool with the heat pump?"),
    ),
)
