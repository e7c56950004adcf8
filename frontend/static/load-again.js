/**
 * Loads a page again whose script, or a module of it, did not come: of requests that arrive all at once the gateway may
 * let through only some. The browser keeps what came, so each time fewer are asked for. No module itself, and the first
 * thing that a page asks for.
 */

{
  /** With ten functions at once, four times are enough for every script there is. */
  const MOST = 5;
  const FIRST_MS = 500;
  const words = document.currentScript?.dataset['words'] ?? '';

  /** @param {Event} event */
  const isOfEntry = ({ target }) => target instanceof HTMLScriptElement && target.type === 'module';

  document.addEventListener('error', (event) => {
    if (!isOfEntry(event)) return;
    const times = history.state?.loadedAgain ?? 0;
    if (times < MOST) {
      history.replaceState({ loadedAgain: times + 1 }, '');
      // People who come at once must not come back at once.
      const wait = FIRST_MS * 2 ** times * (0.5 + Math.random() / 2);
      const loadAgain = () => setTimeout(() => location.reload(), wait);
      // What is still coming would come in vain.
      if (document.readyState === 'complete') loadAgain();
      else addEventListener('load', loadAgain);
      return;
    }
    const notice = document.createElement('p');
    notice.className = 'notice';
    notice.role = 'alert';
    notice.textContent = words;
    document.querySelector('main')?.prepend(notice);
  }, true);

  document.addEventListener('load', (event) => {
    if (isOfEntry(event) && history.state?.loadedAgain) history.replaceState(null, '');
  }, true);
}
