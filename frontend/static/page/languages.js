/** The links to the page in other languages: they lead to the same transfer, which only stands behind the address's #. */

export function followFragment() {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('a[hreflang]'))) {
    // When it is followed: what the page shows, and with it the fragment, may have changed since it was loaded.
    link.addEventListener('click', () => (link.hash = location.hash));
  }
}
