/** Object that lives in the worker. Its methods are added where it is made. */
// oxlint-disable-next-line typescript/no-extraneous-class -- a mark by which remote objects are known
export class RemoteHandle {}
