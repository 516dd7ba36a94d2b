export default {
  "welcome.title": "Tre primi passi",
  "welcome.lead": "Rimedio risponde dai tuoi manuali e prova ogni frase. Per ora non ne conosce nessuno.",
  "welcome.load": "Carica i tuoi manuali",
  "welcome.load_about": "PDF, Word, Markdown, HTML o testo. Si possono consultare dopo pochi secondi e non lasciano mai questa macchina.",
  "welcome.load_admin": "I manuali li carica un amministratore. Appena ce n'è uno, questo passo viene spuntato.",
  "welcome.ask": "Fai una domanda",
  "welcome.ask_about": "Un codice di errore è un buon inizio. Ogni frase mostra la pagina da cui viene.",
  "welcome.ticket": "Apri un ticket",
  "welcome.ticket_about": "Guardalo fare la sua strada: classificato, risposto, verificato, inviato o affidato a te.",
  "welcome.open_ticket": "Apri un ticket",
  "welcome.done": "Fatto",
  "welcome.all_done": "Tutti e tre i passi sono fatti.",
  "welcome.demo": "O guardati intorno con una demo",
  "welcome.demo_about": "Tre prodotti inventati, i loro manuali e ticket su cui lavorare. Ferma il servizio e riavvialo con questo comando:"
};
