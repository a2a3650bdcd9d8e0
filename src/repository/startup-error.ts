/**
 * A database that cannot be opened; the message is one line that names it. Waiting does not help.
 */
export class StartupError extends Error {
  override readonly name = 'StartupError'
}
