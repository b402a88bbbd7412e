/** Does nothing: for a result that no caller waits for. */
export function ignore(): void {}
