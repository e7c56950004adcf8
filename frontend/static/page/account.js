/**
 * Signing in with an account: OAuth 2's authorization-code flow with PKCE, against the hosted pages of a Cognito user pool.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
 *
 * What it gives stays in this tab's session storage, and goes to nobody but the pool and our own server.
 */

/**
 * @typedef {{idToken: string, refreshToken: string, until: number}} Tokens `until` in ms since the epoch
 * @typedef {{state: string, verifier: string, hash: string}} Begun kept while the pool's page is open
 */

const TOKENS = 'account';
const BEGUN = 'signing-in';
/** So long before a token ends another one is fetched: clocks differ, and requests take their time. */
const EARLY_MS = 60_000;

export class Account {
  #pool;
  #client;
  #home;
  /** @type {Promise<Tokens> | null} */
  #refreshing = null;

  /**
   * @param {{pool: string, client: string, home: string}} where the pool's address, the id by which it knows this page,
   *   and the page's own address, to which it comes back
   */
  constructor({ pool, client, home }) {
    this.#pool = pool.replace(/\/$/, '');
    this.#client = client;
    this.#home = home;
  }

  /** Whether somebody is signed in, as far as this tab knows. */
  get known() {
    return this.#kept !== null;
  }

  /** Whether the pool has put this account among the operators; the server looks for itself. */
  get operator() {
    const [, claims = ''] = this.#kept?.idToken.split('.') ?? [];
    if (claims === '') return false;
    const { 'cognito:groups': groups = [] } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    return groups.includes('operators');
  }

  /** What tells the server who is asking; null for nobody. @returns {Promise<string | null>} */
  async token() {
    const kept = this.#kept;
    if (!kept) return null;
    if (Date.now() < kept.until - EARLY_MS) return kept.idToken;
    this.#refreshing ??= this.#fetch({ grant_type: 'refresh_token', refresh_token: kept.refreshToken }, kept.refreshToken);
    try {
      return (await this.#refreshing).idToken;
    } catch {
      // The account is gone, or has been signed in for too long; whoever asks is told by the server.
      sessionStorage.removeItem(TOKENS);
      return null;
    } finally {
      this.#refreshing = null;
    }
  }

  /** Leaves for the pool's page, which leads back here. */
  async signIn() {
    const begun = { state: random(), verifier: random(), hash: location.hash };
    sessionStorage.setItem(BEGUN, JSON.stringify(begun));
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier));
    location.assign(
      this.#address('oauth2/authorize', {
        response_type: 'code',
        client_id: this.#client,
        redirect_uri: this.#home,
        scope: 'openid email',
        state: begun.state,
        code_challenge_method: 'S256',
        code_challenge: spelled(new Uint8Array(digest)),
      }),
    );
  }

  /**
   * Takes what the pool's page has sent along, if it has, out of the address.
   *
   * @returns {Promise<boolean>} false where signing in was begun and came to nothing
   */
  async arrive() {
    const answer = new URLSearchParams(location.search);
    const [code, state] = [answer.get('code'), answer.get('state')];
    const begun = /** @type {Begun | null} */ (JSON.parse(sessionStorage.getItem(BEGUN) ?? 'null'));
    if (!begun || state !== begun.state) return true;
    sessionStorage.removeItem(BEGUN);
    history.replaceState(null, '', location.pathname + begun.hash);
    if (code) {
      const asked = { grant_type: 'authorization_code', code, redirect_uri: this.#home, code_verifier: begun.verifier };
      await this.#fetch(asked, '').catch(() => {});
    }
    return this.known;
  }

  /** Forgets who it was, here and at the pool. */
  signOut() {
    sessionStorage.removeItem(TOKENS);
    location.assign(this.#address('logout', { client_id: this.#client, logout_uri: this.#home }));
  }

  /** @returns {Tokens | null} */
  get #kept() {
    return JSON.parse(sessionStorage.getItem(TOKENS) ?? 'null');
  }

  /**
   * @param {Record<string, string>} asked
   * @param {string} refreshToken what stays where the answer brings no other
   * @returns {Promise<Tokens>}
   */
  async #fetch(asked, refreshToken) {
    const response = await fetch(this.#address('oauth2/token', {}), {
      method: 'POST',
      body: new URLSearchParams({ client_id: this.#client, ...asked }),
    });
    if (!response.ok) throw new Error(`the user pool answers ${response.status}`);
    const { id_token: idToken, refresh_token: another, expires_in: seconds } = await response.json();
    const tokens = { idToken, refreshToken: another ?? refreshToken, until: Date.now() + seconds * 1000 };
    sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
    return tokens;
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} query
   */
  #address(path, query) {
    const address = new URL(`${this.#pool}/${path}`);
    address.search = String(new URLSearchParams(query));
    return address.href;
  }
}

/** 256 bits, as a text of the length that PKCE wants. */
const random = () => spelled(crypto.getRandomValues(new Uint8Array(32)));

/** @param {Uint8Array} bytes as base64url */
const spelled = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
