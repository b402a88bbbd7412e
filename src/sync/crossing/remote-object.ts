/** An object that lives in the worker. What it can do is added by whoever makes it. */
// oxlint-disable-next-line typescript/no-extraneous-class -- a mark by which remote objects are known
export class Remote {}
