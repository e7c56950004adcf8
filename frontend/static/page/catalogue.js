/** The page's texts in its own language: the server puts that language's catalogue into the page (`frontend/words`). */

/** @typedef {string | {[form in Intl.LDMLPluralRule]?: string}} Text one for all, or one for each plural form */

const found = globalThis.document?.getElementById('words')?.textContent;
/** @type {Record<string, Text>} */
let texts = found ? JSON.parse(found) : {};

const LANGUAGE = globalThis.document?.documentElement.lang || 'en';
const PLURAL = new Intl.PluralRules(LANGUAGE);
const NUMBER = new Intl.NumberFormat(LANGUAGE);

/** Takes another catalogue, where there is no page. @param {Record<string, Text>} catalogue */
export function use(catalogue) {
  texts = catalogue;
}

/** One sentence after the other; Japanese sets no space between them. @param {string[]} texts */
export const sentences = (...texts) => texts.filter(Boolean).join(LANGUAGE === 'ja' ? '' : ' ');

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] for its `{names}`; `n` is the number that decides the plural
 * @returns {string}
 * @throws {Error} where the catalogue lacks it
 */
export function t(key, values = {}) {
  const text = texts[key];
  const { n } = values;
  const form = typeof text === 'string' ? text : (text?.[PLURAL.select(Number(n))] ?? text?.other);
  if (form === undefined) throw new Error(`the catalogue has no ${key}`);
  return form.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? '';
    return typeof value === 'number' ? NUMBER.format(value) : value;
  });
}
