/** An object that lives in the worker. The code that makes it adds its methods. */
// oxlint-disable-next-line typescript/no-extraneous-class -- a mark by which remote objects are known
export class RemoteHandle {}
