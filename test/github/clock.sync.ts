import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import {
  errorBeforeCommit,
  primaryLimit,
  resetAfterCommit,
  secondaryLimit,
} from './local-github/faults.ts'
import { CREATE_ISSUE } from './local-github/routes.ts'
import { DAY_MS, MINUTE_MS, type Shifted, startShifted } from './shifted-service.ts'
import { SHORT_LEASE } from './sync-env.ts'
import { eventually, waitForStatus, waitForTask, waitUntilLinked } from './synced-service.ts'

/** How far the clock is ahead. */
const CLOCKS = {
  '6 minutes ahead': 6 * MINUTE_MS,
  '6 minutes behind': -6 * MINUTE_MS,
  '2 days ahead': 2 * DAY_MS,
  '2 days behind': -2 * DAY_MS,
}

/** How far it is ahead, and then. */
const CHANGES = {
  'put back by 6 minutes': [6 * MINUTE_MS, 0],
  'put back by 2 days': [0, -2 * DAY_MS],
  'put forward by 2 days': [-2 * DAY_MS, 0],
} as const

/** GitHub's `Date` has whole seconds. */
const PRECISION_MS = 2000

/** Later than that is later for both sides, as GitHub's instants have whole seconds. */
const LATER_MS = 1200

/** Polls once only. */
const SWEEPLESS = { GITHUB_SWEEP_INTERVAL_MS: '3600000' }

describe('a clock that is wrong', () => {
  test('edits, closes and new issues arrive by polling, the newest edit wins, and the status shows the offset', async () => {
    await forEach(CLOCKS, async (ahead) => {
      const synced = await startShifted(ahead)
      await expectArrivals(synced)
      await expectNewestWins(synced, await synced.create({ title: 'a' }))
      await expectOffset(synced, ahead)
    })
  })

  test('a create by a GitHub App whose answer was lost leaves one issue', async () => {
    await forEach(CLOCKS, async (ahead) => {
      const synced = await startShifted(ahead, { ...APP_ENV, ...SWEEPLESS }, { app: APP })
      await expectOneAfterLostAnswer(synced)
      expect(synced.github.issue(1)?.author.login).toBe('task-sync[bot]')
    })
  })

  test('a rate limit pauses until the time that GitHub names, also across a restart', async () => {
    await forEach(CLOCKS, async (ahead) => {
      const synced = await startShifted(ahead, SHORT_LEASE)
      synced.github.fail(CREATE_ISSUE, primaryLimit({ seconds: 2 }))
      const task = await synced.create({ title: 'meanwhile' })
      const { paused_until } = await waitForStatus(synced, { pause_reason: 'primary' })
      const left = Date.parse(String(paused_until)) - (Date.now() + ahead)
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThan(2000 + 1000 + PRECISION_MS)
      const service = await synced.restart({}, 'SIGKILL')
      await waitUntilLinked(service, task)
      const all = synced.github.requests.all()
      const refused = all.findIndex((request) => request.refused !== undefined)
      const pause = (all[refused + 1]?.at ?? 0) - (all[refused]?.at ?? 0)
      expect(pause).toBeGreaterThanOrEqual(2000)
      expect(pause).toBeLessThan(12_000)
    })
  })
})

describe('a clock that is set while the service runs', () => {
  test('changes on both sides, lost answers and new issues are synced as before', async () => {
    await forEach(CHANGES, async ([before, after]) => {
      const synced = await startShifted(before)
      const { create, linked, put, remove, shift, issueShown } = synced
      const [task, other] = [await create({ title: 'a' }), await create({ title: 'b' })]
      for (const { id } of [task, other]) await linked(id)
      await shift(after)
      await put(task.id, { title: 'changed here' })
      await issueShown(1, { title: 'changed here' })
      await remove(other.id)
      await issueShown(2, { state: 'closed', stateReason: 'not_planned' })
      await expectArrivals(synced)
      await expectOneAfterLostAnswer(synced)
      await expectNewestWins(synced, task)
      await expectOffset(synced, after)
    })
  })

  test('put back: the next attempt comes in its time', async () => {
    const lookups = { GITHUB_LOOKUP_DELAYS_MS: '1500,1700,1900' }
    const synced = await startShifted(DAY_MS, { ...SWEEPLESS, ...lookups })
    await synced.linked((await synced.create({ title: 'before' })).id)
    synced.github.fail(CREATE_ISSUE, errorBeforeCommit(502))
    const task = await synced.create({ title: 'once' })
    await waitForTask(synced, task, { sync: { status: 'unconfirmed' } })
    await synced.shift(0)
    await synced.linked(task.id)
    expect(synced.github.issues()).toHaveLength(2)
  })

  test('put back or forward between two edits: the newest wins', async () => {
    const { github, create, linked, put, shift, shown } = await startShifted(2 * DAY_MS)
    const { id } = await create({ title: 'a' })
    await linked(id)
    for (const next of [0, 2 * DAY_MS]) {
      const offline = github.fail('*', errorBeforeCommit(503), { probability: 1 })
      await put(id, { title: 'ours' })
      await sleep(LATER_MS)
      await shift(next)
      github.as('alice').edit(1, { title: `hers ${next}` })
      offline.stop()
      await shown(id, { title: `hers ${next}` })
    }
  })

  test('put back: a GitHub App whose token is no longer accepted gets another one', async () => {
    const { github, create, linked, shift } = await startShifted(2 * DAY_MS, APP_ENV, { app: APP })
    await linked((await create({ title: 'before' })).id)
    const token = String(github.requests.to(CREATE_ISSUE).at(-1)?.headers.authorization).replace(
      /^\w+ /,
      '',
    )
    await shift(0)
    github.revokeToken(token)
    await linked((await create({ title: 'after' })).id)
  })

  test('put right while the service is stopped: what was paused or waited for a next attempt does not wait for days', async () => {
    const synced = await startShifted(2 * DAY_MS, { GITHUB_LOOKUP_DELAYS_MS: '1000,1200,1400' })
    synced.github.fail(CREATE_ISSUE, errorBeforeCommit(502))
    const lost = await synced.create({ title: 'lost' })
    await waitForTask(synced, lost, { sync: { status: 'unconfirmed' } })
    synced.github.fail(CREATE_ISSUE, secondaryLimit({ seconds: 1 }))
    const paused = await synced.create({ title: 'paused' })
    await waitForStatus(synced, { pause_reason: 'secondary' })
    await synced.shift(0)
    const service = await synced.restart()
    for (const task of [lost, paused]) await waitUntilLinked(service, task)
    expect(synced.github.issues()).toHaveLength(2)
  })
})

test('an offset of more than a minute is logged once and shown', async () => {
  const synced = await startShifted(30_000)
  const { shift, sweeps, send } = synced
  await expectOffset(synced, 30_000)
  expect(warningsOf(synced)).toEqual([])
  await shift(6 * MINUTE_MS)
  await sweeps(3)
  expect(warningsOf(synced)).toEqual([
    expect.stringMatching(/The clock of this service is 36\d s ahead of GitHub's/),
  ])
  await shift(0)
  await sweeps(3)
  await waitForStatus(synced, { clock_offset_ms: 0, warnings: [] })
  await shift(-6 * MINUTE_MS)
  await sweeps(3)
  expect(warningsOf(synced)).toHaveLength(2)
  await waitForStatus(synced, {
    warnings: [
      { code: 'clock_offset', detail: expect.stringMatching(/3[56]\d s behind GitHub's/) },
    ],
  })
  expect(await (await send('GET', '/metrics')).text()).toMatch(
    /^github_sync_clock_offset_seconds -3[56]/m,
  )
})

/** A scenario with each of several values at the same time, as it mostly waits. */
const forEach = async <T>(
  values: Readonly<Record<string, T>>,
  scenario: (value: T) => Promise<void>,
): Promise<void> => {
  const running = Object.entries(values).map(([name, value]) =>
    scenario(value).catch((cause: unknown) => {
      throw new Error(`failed with a clock ${name}: ${cause}`, { cause })
    }),
  )
  await Promise.all(running)
}

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const APP = {
  id: 77,
  slug: 'task-sync',
  installationId: 4711,
  publicKey: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
}
const APP_ENV = {
  GITHUB_TOKEN: '',
  GITHUB_APP_ID: String(APP.id),
  GITHUB_APP_PRIVATE_KEY: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  GITHUB_APP_INSTALLATION_ID: String(APP.installationId),
}

const warningsOf = ({ output }: Shifted): string[] =>
  output()
    .split('\n')
    .filter((line) => /"level":40.*clock/.test(line))

const expectOffset = async ({ read }: Shifted, ahead: number): Promise<void> => {
  const { clock_offset_ms, warnings } = await read<{
    clock_offset_ms: number
    warnings: unknown[]
  }>('/github/status')
  expect(Number.isInteger(clock_offset_ms)).toBe(true)
  expect(Math.abs(clock_offset_ms - ahead)).toBeLessThan(PRECISION_MS)
  expect(warnings).toHaveLength(Math.abs(ahead) > MINUTE_MS ? 1 : 0)
}

/**
 * Without a webhook: an issue that a person opens becomes a task, and her edits and her close
 * arrive.
 */
const expectArrivals = async ({ github, list }: Shifted): Promise<void> => {
  const alice = github.as('alice')
  const { number } = alice.open({ title: 'new' })
  const arrives = (expected: object) =>
    eventually(async () => {
      const task = (await list()).find(({ external_url }) =>
        external_url?.endsWith(`/issues/${number}`),
      )
      expect(task).toMatchObject(expected)
    })
  await arrives({ title: 'new' })
  alice.edit(number, { title: 'edited' })
  await arrives({ title: 'edited' })
  alice.close(number)
  await arrives({ status: 'completed' })
}

const expectOneAfterLostAnswer = async ({ github, create, linked }: Shifted): Promise<void> => {
  const before = github.issues().length
  const lost = github.fail(CREATE_ISSUE, resetAfterCommit)
  const { id } = await create({ title: 'lost' })
  await linked(id)
  expect([lost.hits(), github.issues().length - before]).toEqual([1, 1])
}

/** Each side wins once, while GitHub is down, by a change that is the later one. */
const expectNewestWins = async (synced: Shifted, { id }: Pick<Task, 'id'>): Promise<void> => {
  const { github, linked, put, shown, issueShown, sync } = synced
  await linked(id)
  const number = Number((await sync(id)).issue_number)
  const here = async (title: string) => void (await put(id, { title }))
  const there = async (title: string) => void github.as('alice').edit(number, { title })
  for (const [first, second, winner] of [
    [here, there, 'there'],
    [there, here, 'here'],
  ] as const) {
    const offline = github.fail('*', errorBeforeCommit(503), { probability: 1 })
    await first(`lost to ${winner}`)
    await sleep(LATER_MS)
    await second(winner)
    offline.stop()
    await shown(id, { title: winner })
    await issueShown(number, { title: winner })
  }
}
