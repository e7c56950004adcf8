/** Takes what stands behind the address's # along: a private link leads to its transfer after signing in, too. */

import { followFragment } from './page/languages.js';

followFragment();
for (const form of document.forms) form.action += location.hash;
