import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Delivery } from '#src/github/webhook.ts'
import { describeLinkCommits } from './link-commit-contract.ts'
import { describeLinks } from './link-contract.ts'
import { describeLinkModel } from './link-model.ts'
import { millisAt, toSync } from './linked-store.ts'
import { type Open, openStore } from './task-store.ts'

/** What every store promises of the GitHub sync's bookkeeping. */
export const describeSync = (open: Open): void => {
  describeLinkCommits(open)
  describeLinks(open)
  describeLinkModel(open)
  describeDeliveries(open)
  describeStates(open)
  describeLeases(open)
}

export const deliveryAt = (seconds: number, id = `delivery ${seconds}`): Delivery => ({
  id,
  action: 'edited',
  issueNumber: 42,
  issueId: '9007199254740993',
  repositoryId: 1_296_269,
  sender: 'someone "else" 🚀',
  receivedAt: millisAt(seconds),
})

const openSync = async (open: Open) => toSync((await openStore(open)).repository)

const describeDeliveries = (open: Open): void => {
  describe('a delivery', () => {
    test('is kept as it came', async () => {
      const sync = await openSync(open)
      expect(await sync.addDelivery(deliveryAt(1))).toBe(true)
      expect(await sync.openDeliveries(10)).toEqual([deliveryAt(1)])
    })

    test('that comes twice is kept once, also when it was dealt with', async () => {
      const sync = await openSync(open)
      await sync.addDelivery(deliveryAt(1, 'a'))
      expect(await sync.addDelivery(deliveryAt(2, 'a'))).toBe(false)
      expect(await sync.openDeliveries(10)).toEqual([deliveryAt(1, 'a')])
      await sync.closeDelivery('a', 0)
      expect(await sync.addDelivery(deliveryAt(3, 'a'))).toBe(false)
      expect(await sync.openDeliveries(10)).toEqual([])
    })

    test('that comes many times at once is kept once', async () => {
      const sync = await openSync(open)
      const added = await Promise.all(
        Array.from({ length: 10 }, () => sync.addDelivery(deliveryAt(1))),
      )
      expect(added.filter(Boolean)).toHaveLength(1)
      expect(await sync.openDeliveries(10)).toHaveLength(1)
    })

    test('comes in its turn, the oldest first', async () => {
      const sync = await openSync(open)
      for (const seconds of [5, 1, 4, 2, 3]) await sync.addDelivery(deliveryAt(seconds))
      const open_ = async (limit: number) =>
        (await sync.openDeliveries(limit)).map(({ receivedAt }) => receivedAt)
      expect(await open_(10)).toEqual([1, 2, 3, 4, 5].map(millisAt))
      await sync.closeDelivery('delivery 1', 0)
      await sync.closeDelivery('delivery 3', 0)
      expect(await open_(2)).toEqual([2, 4].map(millisAt))
    })

    test('that was dealt with is forgotten by time, one that is open never', async () => {
      const sync = await openSync(open)
      for (const seconds of [1, 2, 3, 4]) await sync.addDelivery(deliveryAt(seconds))
      await sync.closeDelivery('delivery 2', 0)
      await sync.closeDelivery('delivery 3', 0)
      await sync.closeDelivery('delivery 4', millisAt(3))
      expect(await sync.addDelivery(deliveryAt(2))).toBe(true)
      expect(await sync.addDelivery(deliveryAt(3))).toBe(false)
      expect((await sync.openDeliveries(9)).map(({ id }) => id)).toEqual([
        'delivery 1',
        'delivery 2',
      ])
    })

    test('that is not known may be closed', async () => {
      const sync = await openSync(open)
      await sync.closeDelivery('nothing', millisAt(9))
      expect(await sync.openDeliveries(9)).toEqual([])
    })
  })
}

const describeStates = (open: Open): void => {
  describe('a value by name', () => {
    test('is none at first, then the last that was written', async () => {
      const sync = await openSync(open)
      expect(await sync.readState('a')).toBeUndefined()
      const values = [1.5, 'text', null, { 'a.b': [1, '$set', { c: null }] }, [], false, Date.now()]
      for (const value of values) {
        await sync.writeState('a', value)
        expect(await sync.readState('a')).toEqual(value)
      }
      await sync.writeState('b', 2)
      expect([await sync.readState('a'), await sync.readState('b')]).toEqual([values.at(-1), 2])
    })

    test('is one of those that are written at once', async () => {
      const sync = await openSync(open)
      await Promise.all(Array.from({ length: 12 }, (_, index) => sync.writeState('a', index)))
      expect([...Array(12).keys()]).toContain(await sync.readState('a'))
    })
  })
}

/** How long a lease is held that is to expire, long enough for a slow machine to renew it, and when it surely has. In milliseconds. */
const SHORT = 1000
const EXPIRED = 1100
const LONG = 60_000

const describeLeases = (open: Open): void => {
  describe('a lease', () => {
    test('is held by one of those who want it', async () => {
      const sync = await openSync(open)
      const holders = Array.from({ length: 8 }, (_, index) => `holder ${index}`)
      const terms = await Promise.all(
        holders.map((holder) => sync.acquireLease('work', holder, LONG)),
      )
      expect(terms.filter((term) => term !== undefined)).toHaveLength(1)
      const again = await Promise.all(
        holders.map((holder) => sync.acquireLease('work', holder, LONG)),
      )
      expect(again).toEqual(terms)
    })

    test('is kept in one term while it is renewed', async () => {
      const sync = await openSync(open)
      const term = await sync.acquireLease('work', 'a', SHORT)
      expect(await sync.acquireLease('work', 'a', LONG)).toBe(term)
      await sleep(EXPIRED)
      expect(await sync.acquireLease('work', 'b', LONG)).toBeUndefined()
      expect(await sync.acquireLease('work', 'a', LONG)).toBe(term)
    })

    test('is taken over once it has expired, in a greater term, and then refused to the one who came late', async () => {
      const sync = await openSync(open)
      const first = (await sync.acquireLease('work', 'a', SHORT)) ?? Number.NaN
      expect(await sync.acquireLease('work', 'b', SHORT)).toBeUndefined()
      await sleep(EXPIRED)
      const second = (await sync.acquireLease('work', 'b', LONG)) ?? Number.NaN
      expect(second).toBeGreaterThan(first)
      expect(await sync.acquireLease('work', 'a', LONG)).toBeUndefined()
      await sync.releaseLease('work', 'a')
      expect(await sync.acquireLease('work', 'b', LONG)).toBe(second)
    })

    test('that expired is taken over by one of those who want it', async () => {
      const sync = await openSync(open)
      await sync.acquireLease('work', 'a', 1)
      await sleep(50)
      const terms = await Promise.all(
        ['b', 'c', 'd', 'e', 'f'].map((holder) => sync.acquireLease('work', holder, LONG)),
      )
      expect(terms.filter((term) => term !== undefined)).toHaveLength(1)
    })

    test('that is released is free at once, in a greater term', async () => {
      const sync = await openSync(open)
      const first = (await sync.acquireLease('work', 'a', LONG)) ?? Number.NaN
      await sync.releaseLease('work', 'a')
      expect(await sync.acquireLease('work', 'b', LONG)).toBeGreaterThan(first)
    })

    test('is a lease of its name alone', async () => {
      const sync = await openSync(open)
      await sync.acquireLease('work', 'a', LONG)
      expect(await sync.acquireLease('other work', 'b', LONG)).toBeDefined()
      await sync.releaseLease('nothing', 'a')
      expect(await sync.acquireLease('work', 'b', LONG)).toBeUndefined()
    })
  })
}
