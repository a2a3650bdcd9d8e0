import { type Answer, refusal } from './answer.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

export interface LimitSettings {
  /** Requests an hour and account: GitHub's 5,000 unless given. */
  readonly requestsPerHour?: number
  /** New issues, comments and labels a minute and an hour: GitHub has some 80 and 500; none here unless given. */
  readonly createsPerMinute?: number
  readonly createsPerHour?: number
}

export interface PrimaryLimit {
  /** How long until `x-ratelimit-reset`; an hour unless given. */
  readonly seconds?: number
  /** GitHub says 403, at times 429. */
  readonly status?: 403 | 429
}

export interface SecondaryLimit extends PrimaryLimit {
  /** GitHub leaves `Retry-After` out at times: it then wants a minute at least. */
  readonly retryAfter?: boolean
}

interface Account {
  windowEndsAt: number
  used: number
  creates: number[]
  block:
    | {
        readonly kind: 'primary' | 'secondary'
        readonly until: number
        readonly status: number
        readonly retryAfter: boolean
      }
    | undefined
}

export type Limits = ReturnType<typeof createLimits>

const SECONDARY =
  'You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.'

/** Budgets by account, as GitHub keeps them. A refused account stays so until its time is over. */
export const createLimits = (now: () => number, settings: LimitSettings = {}) => {
  const {
    requestsPerHour = 5000,
    createsPerMinute = Number.POSITIVE_INFINITY,
    createsPerHour = Number.POSITIVE_INFINITY,
  } = settings
  const accounts = new Map<string, Account>()

  const find = (name: string): Account => {
    const known = accounts.get(name)
    if (known !== undefined && known.windowEndsAt > now()) return known
    const made: Account = {
      windowEndsAt: now() + HOUR_MS,
      used: 0,
      creates: known?.creates ?? [],
      block: known?.block,
    }
    accounts.set(name, made)
    return made
  }

  const standing = (account: Account): Account['block'] => {
    if (account.block !== undefined && account.block.until <= now()) account.block = undefined
    return account.block
  }

  const state = (name: string) => {
    const account = find(name)
    const block = standing(account)
    const isSpent = block?.kind === 'primary'
    const used = isSpent ? requestsPerHour : Math.min(account.used, requestsPerHour)
    const reset = Math.ceil((isSpent ? block.until : account.windowEndsAt) / 1000)
    return { limit: requestsPerHour, remaining: requestsPerHour - used, used, reset }
  }

  const exhaust = (
    name: string,
    { seconds = HOUR_MS / 1000, status = 403 }: PrimaryLimit = {},
  ): void => {
    find(name).block = { kind: 'primary', until: now() + seconds * 1000, status, retryAfter: false }
  }

  const slowDown = (
    name: string,
    { seconds = 60, status = 403, retryAfter = true }: SecondaryLimit = {},
  ): void => {
    find(name).block = { kind: 'secondary', until: now() + seconds * 1000, status, retryAfter }
  }

  const refusalOf = (
    name: string,
  ): { readonly kind: 'primary' | 'secondary'; readonly answer: Answer } | undefined => {
    const block = standing(find(name))
    if (block === undefined) return undefined
    const message = block.kind === 'primary' ? `API rate limit exceeded for ${name}.` : SECONDARY
    const headers = block.retryAfter
      ? { 'retry-after': String(Math.ceil((block.until - now()) / 1000)) }
      : {}
    return { kind: block.kind, answer: { ...refusal(block.status, message), headers } }
  }

  return {
    state,
    exhaust,
    slowDown,
    /** Ends every refusal and gives the full budget back. */
    reset: () => accounts.clear(),
    /** Counts a request; the refusal, if it is one too many. */
    spend(name: string) {
      const account = find(name)
      const refused = refusalOf(name)
      if (refused !== undefined) return refused
      if (account.used >= requestsPerHour) {
        account.block = {
          kind: 'primary',
          until: account.windowEndsAt,
          status: 403,
          retryAfter: false,
        }
        return refusalOf(name)
      }
      account.used += 1
      return undefined
    },
    /** Counts something made; the refusal, if it comes too fast. */
    spendCreate(name: string) {
      const account = find(name)
      const since = (span: number): number =>
        account.creates.filter((at) => at > now() - span).length
      if (since(MINUTE_MS) >= createsPerMinute || since(HOUR_MS) >= createsPerHour) {
        slowDown(name)
        return refusalOf(name)
      }
      account.creates = [...account.creates.filter((at) => at > now() - HOUR_MS), now()]
      return undefined
    },
    /** What was not modified costs nothing. */
    refund(name: string): void {
      const account = find(name)
      account.used = Math.max(0, account.used - 1)
    },
    headers(name: string): Readonly<Record<string, string>> {
      const { limit, remaining, used, reset } = state(name)
      return {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(remaining),
        'x-ratelimit-used': String(used),
        'x-ratelimit-reset': String(reset),
        'x-ratelimit-resource': 'core',
      }
    },
  }
}
