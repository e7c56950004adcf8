/** Numbers, sizes, times and dates for people, by Intl, in the page's own language. */

const LANGUAGE = globalThis.document?.documentElement.lang || 'en';

/** @param {Intl.NumberFormatOptions} options */
const numbers = (options) => new Intl.NumberFormat(LANGUAGE, options);

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
const SIZES = UNITS.map((unit, power) =>
  [0, 1].map((maximumFractionDigits) =>
    numbers({ style: 'unit', unit, unitDisplay: power === 0 ? 'long' : 'short', maximumFractionDigits }),
  ),
);

/**
 * In powers of 1,000, as file managers and networks count: `999 bytes`, `1.5 MB`, `23 GB`; it does not break at a line's end.
 *
 * @param {number} size
 */
export function bytes(size) {
  let power = 0;
  let amount = Math.max(0, Math.floor(size));
  // 999,950 bytes would be rounded to 1,000 kB.
  while (amount >= 999.5 && power < UNITS.length - 1) {
    if (power === 0 && amount < 1000) break;
    amount /= 1000;
    power += 1;
  }
  const text = SIZES[power]?.[amount < 9.95 && power > 1 ? 1 : 0]?.format(amount) ?? '';
  return text.replace(' ', '\u00a0');
}

const COUNT = numbers({});

/** @param {number} number */
export const count = (number) => COUNT.format(number);

const PERCENT = numbers({ style: 'percent', maximumFractionDigits: 0 });

/** Rounded down, so that 100 % means all. @param {number} share */
export const percent = (share) => PERCENT.format(Math.floor(share * 100) / 100);

/** @param {'second' | 'minute' | 'hour' | 'day'} unit */
const time = (unit) => numbers({ style: 'unit', unit, unitDisplay: unit === 'day' ? 'long' : 'short' });
const SECONDS = time('second');
const MINUTES = time('minute');
const HOURS = time('hour');
const DAYS = time('day');

/** Coarser the longer it is, so that it does not flicker. @param {number} seconds */
export function duration(seconds) {
  if (seconds < 10) return SECONDS.format(Math.max(1, Math.ceil(seconds)));
  if (seconds <= 55) return SECONDS.format(Math.ceil(seconds / 5) * 5);
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return MINUTES.format(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return DAYS.format(Math.round(hours / 24));
  const rest = Math.floor((minutes % 60) / 5) * 5;
  return rest > 0 ? `${HOURS.format(hours)} ${MINUTES.format(rest)}` : HOURS.format(hours);
}

const DAY = new Intl.DateTimeFormat(LANGUAGE, { weekday: 'long', day: 'numeric', month: 'long' });

/** In the reader's own time zone. @param {string} iso */
export const day = (iso) => DAY.format(new Date(iso));

const DEADLINE = new Intl.DateTimeFormat(LANGUAGE, { weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' });

/** In the reader's own time zone. @param {string} iso */
export const deadline = (iso) => DEADLINE.format(new Date(iso));

const MOMENT = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'full', timeStyle: 'short' });

/** In the reader's own time zone. @param {string} iso */
export const moment = (iso) => MOMENT.format(new Date(iso));

const STAMP = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium', timeStyle: 'short' });

/** Shorter, for lists. @param {string} iso */
export const stamp = (iso) => STAMP.format(new Date(iso));
