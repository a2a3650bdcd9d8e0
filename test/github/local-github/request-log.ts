import { fitsRoute } from './fault-plan.ts'

export interface LoggedRequest {
  /** When it had come in whole, by the clock of this GitHub. */
  readonly at: number
  readonly method: string
  /** With its query. */
  readonly path: string
  /** As in GitHub's documentation; `/repositories/{id}` stands here as the repository that it is. Undefined if unknown. */
  readonly route: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
  /** Whose budget: `user LOGIN` or `installation ID`; undefined without good credentials. */
  account: string | undefined
  /** The status that was answered; undefined while it is open, and after a reset. */
  status: number | undefined
  answeredAt: number | undefined
  outcome: 'open' | 'answered' | 'reset' | 'abandoned'
  /** What befell it. */
  fault: string | undefined
  refused: 'primary' | 'secondary' | undefined
}

const isWrite = ({ method }: LoggedRequest): boolean => method !== 'GET' && method !== 'HEAD'

/** Every request in the order of its arrival, for what a test has to say about them. */
export const createRequestLog = () => {
  let requests: LoggedRequest[] = []
  const writes = (): readonly LoggedRequest[] => requests.filter(isWrite)
  return {
    add: (request: LoggedRequest): number => requests.push(request),
    all: (): readonly LoggedRequest[] => [...requests],
    /** Those to a route or a pattern of one, as with `fail`. */
    to: (pattern: string): readonly LoggedRequest[] =>
      requests.filter(({ route }) => route !== undefined && fitsRoute(pattern, route)),
    writes,
    /** Milliseconds from each write to the next. */
    gapsBetweenWrites: (): readonly number[] => {
      const times = writes().map(({ at }) => at)
      return times.slice(1).map((at, index) => at - (times[index] ?? at))
    },
    /** The most writes that were under way at once: 1 is serial. */
    writesAtOnce: (): number =>
      Math.max(
        0,
        ...writes().map(
          (one) =>
            writes().filter(
              (other) =>
                other === one || (other.at <= one.at && one.at < (other.answeredAt ?? Infinity)),
            ).length,
        ),
      ),
    clear: (): void => {
      requests = []
    },
  }
}

export type RequestLog = ReturnType<typeof createRequestLog>
