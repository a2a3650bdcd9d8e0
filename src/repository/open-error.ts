/** A database that cannot be opened, told in one line that names it. Waiting will not mend it. */
export class OpenError extends Error {
  override readonly name = 'OpenError'
}
