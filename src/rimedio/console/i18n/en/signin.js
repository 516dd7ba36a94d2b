export default {
  "signin.title": "Sign in to Rimedio",
  "signin.lead": "The code is printed in the terminal where Rimedio was started. It works once.",
  "signin.code": "Sign-in code",
  "signin.code_hint": "You may also paste the whole address.",
  "signin.code_missing": "Paste the code that the terminal printed.",
  "signin.enter": "Enter",
  "signin.how": "Need a new code? On the machine that runs Rimedio:",
  "signin.how_more": "It prints an address with a new code: open it, or paste it here.",
  "signin.why_expired": "The session is over. After signing in you will be back where you were.",
  "signin.why_bye": "You have signed out.",
  "signin.why_code": "This code is not valid, or has been used.",
  "signin.why_error": "Signing in did not work. Try again with a new code."
};
