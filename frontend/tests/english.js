/** The English catalogue, as an English page would have it. */

import { readFileSync } from 'node:fs';
import { use } from '../static/page/catalogue.js';

use(JSON.parse(readFileSync(new URL('../words/en.json', import.meta.url), 'utf8').replaceAll('{brand}', 'Sidestep')));
