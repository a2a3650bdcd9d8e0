import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { toJsonText } from './json-text.ts'
import { toPayload, toPing } from './payload.ts'
import { createRandom, shuffle } from './random.ts'
import { fullName, type IssueEvent, type Repository } from './records.ts'
import type { GithubState } from './state.ts'
import {
  type Delivery,
  type DeliveryAnswer,
  post,
  type Secrets,
  type Signature,
} from './webhook-posts.ts'

export interface SendOptions {
  /** Which of those that wait; the others go on waiting. */
  readonly only?: (delivery: Delivery) => boolean
  readonly order?: 'made' | 'reversed' | 'shuffled'
  /** How often each is posted. */
  readonly times?: number
  /** All at once instead of one after the other. */
  readonly together?: boolean
  readonly signature?: Signature
  readonly seed?: number
}

export interface ForwardOptions {
  /** Each waits for up to so long (by a dice), so that they overtake each other. */
  readonly delayMs?: number
  /** From 0 to 1. */
  readonly loss?: number
  readonly twice?: number
  readonly signature?: Signature
  readonly seed?: number
}

export interface Forwarding {
  readonly stop: () => void
  /** Once all that was made so far is posted, with what was answered. */
  readonly settled: () => Promise<readonly DeliveryAnswer[]>
}

export interface DeliverySettings extends Secrets {
  /** The events that the webhook is subscribed to; `issues` unless given. */
  readonly events?: readonly string[]
  readonly installationId: number | undefined
}

const HOOK_ID = 1

/** The webhook of this GitHub: every change makes a delivery, which waits until the test does something with it. */
export const createDeliveries = (world: GithubState, api: string, settings: DeliverySettings) => {
  const { events = ['issues'], installationId } = settings
  const all: Delivery[] = []
  let waiting: readonly Delivery[] = []
  let forward: ((delivery: Delivery) => void) | undefined

  const toDelivery = (event: IssueEvent): Delivery => ({
    id: randomUUID(),
    event: event.event,
    action: event.action,
    repository: fullName(event.repository),
    issueNumber: event.issue.number,
    sender: event.sender.login,
    at: event.at,
    text: toJsonText(toPayload(api, event, installationId)),
  })

  world.onEvent((event) => {
    if (!events.includes(event.event)) return
    const delivery = toDelivery(event)
    all.push(delivery)
    if (forward === undefined) waiting = [...waiting, delivery]
    else forward(delivery)
  })

  const takeWaiting = (only: (delivery: Delivery) => boolean = () => true): readonly Delivery[] => {
    const taken = waiting.filter(only)
    waiting = waiting.filter((delivery) => !taken.includes(delivery))
    return taken
  }

  const resend = async (
    url: string,
    deliveries: readonly Delivery[],
    options: SendOptions = {},
  ): Promise<DeliveryAnswer[]> => {
    const { order = 'made', times = 1, together = false, signature = 'good', seed = 1 } = options
    const repeated = deliveries.flatMap((delivery) => Array.from({ length: times }, () => delivery))
    const ordered =
      order === 'made'
        ? repeated
        : order === 'reversed'
          ? repeated.toReversed()
          : shuffle(repeated, createRandom(seed))
    if (together)
      return Promise.all(ordered.map((delivery) => post(url, delivery, signature, settings)))
    const answers: DeliveryAnswer[] = []
    for (const delivery of ordered) answers.push(await post(url, delivery, signature, settings))
    return answers
  }

  return {
    /** Everything made so far, whatever became of it. */
    all: (): readonly Delivery[] => [...all],
    waiting: (): readonly Delivery[] => [...waiting],
    /** Posts what waits. */
    send: (url: string, options: SendOptions = {}) =>
      resend(url, takeWaiting(options.only), options),
    /** Posts these, once more or for the first time. */
    resend,
    /** Lets what waits get lost. */
    drop: (only?: (delivery: Delivery) => boolean): readonly Delivery[] => takeWaiting(only),
    /** What GitHub posts when a webhook is set up. */
    ping(
      url: string,
      repository: Repository,
      signature: Signature = 'good',
    ): Promise<DeliveryAnswer> {
      const text = toJsonText(toPing(api, HOOK_ID, repository))
      const base = {
        id: randomUUID(),
        event: 'ping',
        action: undefined,
        repository: fullName(repository),
      }
      const delivery = {
        ...base,
        issueNumber: undefined,
        sender: repository.owner.login,
        at: world.now(),
        text,
      }
      return post(url, delivery, signature, settings)
    },
    /** From now on posts by itself, as GitHub does: late, lost or twice if wanted. */
    forward(url: string, options: ForwardOptions = {}): Forwarding {
      const { delayMs = 0, loss = 0, twice = 0, signature = 'good', seed = 1 } = options
      const random = createRandom(seed)
      let posts: readonly Promise<DeliveryAnswer>[] = []
      const postLater = async (delivery: Delivery, wait: number): Promise<DeliveryAnswer> => {
        await sleep(wait)
        return post(url, delivery, signature, settings)
      }
      const take = (delivery: Delivery): void => {
        const copies = random() < loss ? 0 : random() < twice ? 2 : 1
        posts = [
          ...posts,
          ...Array.from({ length: copies }, () => postLater(delivery, random() * delayMs)),
        ]
      }
      forward = take
      return {
        stop() {
          if (forward === take) forward = undefined
        },
        settled: () => Promise.all(posts),
      }
    },
  }
}

export type Deliveries = ReturnType<typeof createDeliveries>
