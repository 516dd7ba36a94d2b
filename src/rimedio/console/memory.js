// What the browser remembers. Storage may be forbidden or full: then nothing is remembered, and nothing breaks.

/** Keep a value on this machine; null forgets it. */
export function remember(key, value) {
  write(() => localStorage, key, value);
}

/** What was kept on this machine, or null. */
export function recall(key) {
  return read(() => localStorage, key);
}

/** Keep a value for as long as the tab is open; null forgets it. */
export function rememberInTab(key, value) {
  write(() => sessionStorage, key, value);
}

/** What was kept in this tab, or null. */
export function recallInTab(key) {
  return read(() => sessionStorage, key);
}

/** Forget everything that was kept in this tab. */
export function forgetTab() {
  try {
    sessionStorage.clear();
  } catch {
    // Nothing was remembered.
  }
}

function write(store, key, value) {
  try {
    if (value === null) store().removeItem(key);
    else store().setItem(key, value);
  } catch {
    // Nothing is remembered.
  }
}

function read(store, key) {
  try {
    return store().getItem(key);
  } catch {
    return null;
  }
}
