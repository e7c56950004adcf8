/**
 * A worker that is replaced when it dies, or when its script did not load: a connection that breaks while the page starts
 * must not stop everything for good.
 *
 * @template Order, News
 */
export class LastingWorker {
  #start;
  #hear;
  #died;
  /** @type {Worker | null} */
  #worker;

  /**
   * @param {() => Worker} start
   * @param {(news: News) => void} hear
   * @param {() => void} died what it had been ordered and has not answered is lost
   */
  constructor(start, hear, died) {
    this.#start = start;
    this.#hear = hear;
    this.#died = died;
    this.#worker = this.#begin();
  }

  /**
   * @param {Order} order
   * @param {Transferable[]} [transfer]
   */
  post(order, transfer = []) {
    this.#worker ??= this.#begin();
    this.#worker.postMessage(order, transfer);
  }

  #begin() {
    const worker = this.#start();
    worker.onmessage = ({ data }) => this.#hear(data);
    worker.onerror = () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      worker.terminate();
      this.#died();
    };
    return worker;
  }
}
