import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SpawnedService, spawnService } from '../spawn-service.ts'

export type CrashableService = ReturnType<typeof startCrashableService>

/** The real service, to be killed (-9) and started again any number of times. Whoever asks it asks until it answers. */
export const startCrashableService = (
  env: Readonly<Record<string, string>>,
  folder: string,
  deadline: AbortSignal,
) => {
  const lives: SpawnedService[] = []
  const start = (): void => {
    const life = spawnService(env, folder)
    life.listening.catch(() => {})
    lives.push(life)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = lives.at(-1)?.child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  start()

  return {
    kills: (): number => lives.length - 1,

    /** Resolves once the life that it has now is up, or over. */
    listening: async (): Promise<unknown> => lives.at(-1)?.listening.catch(() => undefined),

    /** Ends it at once, whatever it is about, and starts it again. */
    async kill(): Promise<void> {
      await end('SIGKILL')
      start()
    },

    /** What it wrote to its log at `warn` and above: the messages, each once. */
    warnings: (): string[] => {
      const lines = lives
        .flatMap(({ output }) => output().split('\n'))
        .filter((line) => line.startsWith('{'))
      return [...new Set(lines.map(toWarning).filter((message) => message !== undefined))]
    },

    /** Asks until it answers with a success, over any number of lives. */
    async ask<T>(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<T> {
      const json =
        body === undefined
          ? {}
          : {
              body: JSON.stringify(body),
              headers: { 'content-type': 'application/json', ...headers },
            }
      for (; ; await sleep(20, undefined, { signal: deadline })) {
        const signal = AbortSignal.any([deadline, AbortSignal.timeout(5000)])
        const response = await lives
          .at(-1)
          ?.listening.then((url) => fetch(`${url}${path}`, { method, signal, ...json }))
          .catch(() => undefined)
        if (response !== undefined && response.status >= 400 && response.status < 500)
          throw new Error(`${method} ${path}: ${response.status}`)
        const answer = response?.ok ? await response.json().catch(() => undefined) : undefined
        if (answer !== undefined) return answer as T
      }
    },

    stop: (): Promise<void> => end('SIGTERM'),
  }
}

const WARN = 40

const toWarning = (line: string): string | undefined => {
  try {
    const { level, msg, err } = JSON.parse(line) as {
      level: number
      msg: string
      err?: { message: string }
    }
    return level < WARN ? undefined : `${msg}: ${err?.message}`
  } catch {
    return undefined // The last line of one that was killed.
  }
}
