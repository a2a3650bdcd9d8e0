/**
 * By these names the sync keeps small values where the tasks are. To change one is to forget what
 * was kept by it.
 */

/** Why nothing goes at all just now, for GET /github/status. */
export const BLOCK = 'github-block'

/** A value that changes when a person asks for a retry: then access is checked at the next tick. */
export const TRY_AGAIN = 'github-try-again'

/** When the last sweep ended, and the last delivery came, for GET /github/status. */
export const LAST_SWEEP = 'github-last-sweep'
export const LAST_DELIVERY = 'github-last-delivery'

/**
 * How far our clock was ahead of GitHub's when it was last measured, in milliseconds
 * (github-clock.ts).
 */
export const CLOCK_OFFSET = 'github-clock-offset'

/**
 * In GitHub's time: from when on the next sweep looks at what changed, and when issues that
 * vanished were last looked for.
 */
export const CURSOR = 'github-cursor'
export const VANISH_CHECK = 'github-vanish-check'

/**
 * By whom issues were opened, kept as the credential may be another one when they are looked for.
 */
export const AUTHORS = 'github-authors'

/** The key of the markers. */
export const MARKER_KEY = 'github-marker-key'

/** The repository as it was found, by the name that is configured. */
export const homeState = (repository: string): string =>
  `github-repository:${repository.toLowerCase()}`
