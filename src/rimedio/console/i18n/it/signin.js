export default {
  "signin.title": "Accedi a Rimedio",
  "signin.lead": "Il codice è stampato nel terminale in cui Rimedio è stato avviato. Vale una volta sola.",
  "signin.code": "Codice di accesso",
  "signin.code_hint": "Puoi incollare anche l'intero indirizzo.",
  "signin.code_missing": "Incolla il codice che il terminale ha stampato.",
  "signin.enter": "Entra",
  "signin.how": "Serve un codice nuovo? Sulla macchina su cui gira Rimedio:",
  "signin.how_more": "Stampa un indirizzo con un codice nuovo: aprilo, oppure incollalo qui.",
  "signin.why_expired": "La sessione è scaduta. Dopo l'accesso tornerai dov'eri.",
  "signin.why_bye": "Hai chiuso la sessione.",
  "signin.why_code": "Questo codice non vale, o è già stato usato.",
  "signin.why_error": "L'accesso non è riuscito. Riprova con un codice nuovo."
};
