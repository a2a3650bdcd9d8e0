import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FaultOptions } from './fault-plan.ts'
import * as faults from './faults.ts'
import { toJsonText } from './json-text.ts'
import { type LocalGithub, type LocalGithubOptions, openLocalGithub } from './local-github.ts'

/** Options as JSON: those of `openLocalGithub`, and the port of the control (a free one unless given). */
export type StandaloneOptions = Omit<LocalGithubOptions, 'now'> & { readonly control?: number }

interface Control {
  readonly fail?: {
    readonly route: string
    readonly faults: readonly (readonly unknown[])[]
  } & FaultOptions
  readonly as?: { readonly login: string; readonly call: string; readonly with: readonly unknown[] }
  readonly call?: { readonly name: string; readonly with: readonly unknown[] }
}

const FAULTS: Readonly<Record<string, faults.Fault | ((...args: never[]) => faults.Fault)>> = {
  resetBeforeCommit: faults.resetBeforeCommit,
  resetAfterCommit: faults.resetAfterCommit,
  errorBeforeCommit: faults.errorBeforeCommit,
  errorAfterCommit: faults.errorAfterCommit,
  hang: faults.hang,
  lateCommit: faults.lateCommit,
  slow: faults.slow,
  primaryLimit: faults.primaryLimit,
  secondaryLimit: faults.secondaryLimit,
  answerWith: faults.answerWith,
}

/** `["errorAfterCommit", 502]`. */
const toFault = ([name, ...args]: readonly unknown[]): faults.Fault => {
  const made = FAULTS[String(name)]
  if (made === undefined) throw new Error(`there is no fault ${name}`)
  return typeof made === 'function' ? made(...(args as never[])) : made
}

/** The functions that take and return plain data. */
const toCalls = (github: LocalGithub): Readonly<Record<string, unknown>> => ({
  stopFaults: github.stopFaults,
  lag: github.lag,
  exhaust: github.limits.exhaust,
  slowDown: github.limits.slowDown,
  resetLimits: github.limits.reset,
  revokeToken: github.revokeToken,
  restoreToken: github.restoreToken,
  setRights: github.setRights,
  addRepository: (name: string) => github.addRepository(name).fullName(),
  rename: github.rename,
  transfer: github.transfer,
  disableIssues: github.disableIssues,
  enableIssues: github.enableIssues,
  archive: github.archive,
  unarchive: github.unarchive,
  send: github.deliveries.send,
  drop: github.deliveries.drop,
  forward: (...args: Parameters<typeof github.deliveries.forward>) =>
    void github.deliveries.forward(...args),
})

const call = (functions: object, name: string, args: readonly unknown[]): unknown => {
  const found: unknown = Object.hasOwn(functions, name)
    ? (functions as Readonly<Record<string, unknown>>)[name]
    : undefined
  if (typeof found !== 'function') throw new Error(`there is no ${name}`)
  return found(...args)
}

const control = (github: LocalGithub, order: Control): unknown => {
  if (order.fail !== undefined) {
    const { route, faults: several, ...options } = order.fail
    github.fail(route, several.map(toFault), options)
    return {}
  }
  if (order.as !== undefined) return call(github.as(order.as.login), order.as.call, order.as.with)
  if (order.call !== undefined) return call(toCalls(github), order.call.name, order.call.with)
  throw new Error('an order is {fail}, {as} or {call}')
}

/** Everything that a run is judged by. */
const report = (github: LocalGithub): unknown => ({
  repository: github.fullName(),
  issues: github.issues(),
  duplicates: [...github.duplicates()].map(([marker, issues]) => ({
    marker,
    numbers: issues.map(({ number }) => number),
  })),
  requests: github.requests.all().map(({ headers: _, ...request }) => request),
  violations: github.violations,
  slips: github.slips,
})

/** Serves until it is killed: prints one line of JSON with its `url` and the `control` that takes orders and reports. */
export const runLocalGithub = async ({
  control: port = 0,
  ...options
}: StandaloneOptions): Promise<void> => {
  const github = await openLocalGithub(options)
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(toJsonText(body ?? {}))
    }
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      if (request.method === 'GET') return answer(200, report(github))
      answer(200, await control(github, JSON.parse(Buffer.concat(chunks).toString())))
    } catch (error) {
      answer(400, { error: String(error) })
    }
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.stdout.write(
    `${JSON.stringify({ url: github.url, token: github.token, control: url })}\n`,
  )
}
