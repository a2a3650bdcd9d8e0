import type { Fault } from './faults.ts'
import { createRandom } from './random.ts'

export interface FaultOptions {
  /** How many requests it befalls: 1 unless given, no end with a probability. */
  readonly times?: number
  /** How many requests pass unharmed before. */
  readonly after?: number
  /** From 0 to 1, of befalling a request. */
  readonly probability?: number
  readonly seed?: number
}

export interface FaultRule {
  /** How many requests it befell. */
  readonly hits: () => number
  /** Lets everything go on that hangs by this rule, now and later. */
  readonly release: () => void
  readonly stop: () => void
}

interface Planned extends FaultRule {
  readonly take: (route: string) => Befalling | undefined
}

export interface Befalling {
  readonly fault: Fault
  readonly released: Promise<void>
}

/** `POST /repos/{owner}/{repo}/issues` fits itself, `GET *` all reads, `*` everything. */
export const fitsRoute = (pattern: string, route: string): boolean => {
  const [method = '', path = ''] = pattern === '*' ? ['*', '*'] : pattern.split(' ')
  const [itsMethod, itsPath] = route.split(' ')
  return (method === '*' || method === itsMethod) && (path === '*' || path === itsPath)
}

/** A pattern that fits no route is a slip of the pen that would make a test pass for nothing. */
export const assertRoute = (pattern: string, routes: readonly string[]): void => {
  if (!routes.some((route) => fitsRoute(pattern, route)))
    throw new Error(`no route here fits ${pattern}`)
}

const planFault = (pattern: string, faults: readonly Fault[], options: FaultOptions): Planned => {
  const {
    probability = 1,
    seed = 1,
    times = options.probability === undefined ? 1 : Number.POSITIVE_INFINITY,
  } = options
  const random = createRandom(seed)
  let [hits, passing, isStopped] = [0, options.after ?? 0, false]
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return {
    hits: () => hits,
    release: () => release(),
    stop() {
      isStopped = true
      release()
    },
    take(route) {
      if (isStopped || hits >= times || !fitsRoute(pattern, route)) return undefined
      if (passing > 0) {
        passing -= 1
        return undefined
      }
      if (random() >= probability) return undefined
      hits += 1
      const fault = faults[Math.floor(random() * faults.length)]
      return fault === undefined ? undefined : { fault, released }
    },
  }
}

/** What is planned to go wrong; of several rules that fit, the one that was made first. */
export const createFaultPlan = (routes: readonly string[]) => {
  let rules: readonly Planned[] = []
  return {
    fail(pattern: string, fault: Fault | readonly Fault[], options: FaultOptions = {}): FaultRule {
      assertRoute(pattern, routes)
      const rule = planFault(pattern, [fault].flat(), options)
      rules = [...rules, rule]
      return rule
    },
    take(route: string): Befalling | undefined {
      for (const rule of rules) {
        const befalling = rule.take(route)
        if (befalling !== undefined) return befalling
      }
      return undefined
    },
    /** Nothing goes wrong any more, and whatever hangs goes on. */
    stop(): void {
      for (const rule of rules) rule.stop()
      rules = []
    },
  }
}
