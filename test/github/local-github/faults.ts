import { type Answer, refusal } from './answer.ts'
import type { PrimaryLimit, SecondaryLimit } from './limits.ts'

/** A request that something befalls. What a fault neither answers nor resets is answered as if nothing had been. */
export interface Incident {
  /** Does what was asked for, however often it is called only once, and returns what GitHub would answer. */
  readonly commit: () => Answer
  readonly send: (answer: Answer) => void
  /** Ends the connection with a TCP reset. */
  readonly reset: () => void
  /** Real time, whatever the clock of this GitHub says. */
  readonly wait: (milliseconds: number) => Promise<void>
  /** Once the test calls `release` of the rule. */
  readonly released: Promise<void>
  readonly exhaust: (limit?: PrimaryLimit) => void
  readonly slowDown: (limit?: SecondaryLimit) => void
}

export interface Fault {
  readonly name: string
  readonly happen: (incident: Incident) => void | Promise<void>
}

type ServerError = 500 | 502 | 503 | 504

const UNICORN =
  '<!DOCTYPE html><html><head><title>Unicorn! &middot; GitHub</title></head><body>Unicorn!</body></html>'

/** As GitHub words them: JSON from the application, a page from the proxies before it. */
const serverError = (status: ServerError): Answer =>
  status === 502 || status === 500 ? refusal(status, 'Server Error') : { status, body: UNICORN }

/** The connection breaks before anything was done. */
export const resetBeforeCommit: Fault = {
  name: 'resetBeforeCommit',
  happen: ({ reset }) => reset(),
}

/** It is done, but nobody is told. */
export const resetAfterCommit: Fault = {
  name: 'resetAfterCommit',
  happen({ commit, reset }) {
    commit()
    reset()
  },
}

export const errorBeforeCommit = (status: ServerError = 502): Fault => ({
  name: 'errorBeforeCommit',
  happen: ({ send }) => send(serverError(status)),
})

export const errorAfterCommit = (status: ServerError = 502): Fault => ({
  name: 'errorAfterCommit',
  happen({ commit, send }) {
    commit()
    send(serverError(status))
  },
})

/**
 * No answer until the rule is released, or for so many milliseconds. What was asked for is done `before` the wait, `after` it
 * (the default; not if the client has left by then: that is `lateCommit`), or `never`, and then the connection breaks.
 */
export const hang = ({
  ms,
  commit: when = 'after',
}: {
  ms?: number
  commit?: 'before' | 'after' | 'never'
} = {}): Fault => ({
  name: 'hang',
  async happen({ commit, wait, released, reset }) {
    if (when === 'before') commit()
    await (ms === undefined ? released : Promise.race([released, wait(ms)]))
    if (when === 'never') reset()
  },
})

/** Nothing is done for so many milliseconds, and then it is: the answer is an error at once, a reset at once, or waits with it. */
export const lateCommit = (ms: number, answer: ServerError | 'reset' | 'wait' = 'wait'): Fault => ({
  name: 'lateCommit',
  async happen({ commit, send, reset, wait }) {
    if (answer === 'reset') reset()
    else if (answer !== 'wait') send(serverError(answer))
    await wait(ms)
    commit()
  },
})

/** All is well, but slow; nothing is done for a client that does not wait. */
export const slow = (ms: number): Fault => ({ name: 'slow', happen: ({ wait }) => wait(ms) })

/** The account's budget is spent: it is refused from this request on until the reset. */
export const primaryLimit = (limit: PrimaryLimit = {}): Fault => ({
  name: 'primaryLimit',
  happen: ({ exhaust }) => exhaust(limit),
})

/** The account went too fast: it is refused from this request on, for a minute unless `seconds` says otherwise. */
export const secondaryLimit = (limit: SecondaryLimit = {}): Fault => ({
  name: 'secondaryLimit',
  happen: ({ slowDown }) => slowDown(limit),
})

/** An answer of the test's own, in place of doing anything. */
export const answerWith = (answer: Answer): Fault => ({
  name: 'answerWith',
  happen: ({ send }) => send(answer),
})

/** Something that others do after the request came in and before it takes effect. */
export const meanwhile = (action: () => unknown): Fault => ({
  name: 'meanwhile',
  async happen() {
    await action()
  },
})

/** Something that others do after it took effect and before the answer leaves. */
export const afterwards = (action: () => unknown): Fault => ({
  name: 'afterwards',
  async happen({ commit }) {
    commit()
    await action()
  },
})
