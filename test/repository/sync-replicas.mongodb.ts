import { expect, onTestFinished, test } from 'vitest'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { toLinkedStore } from './linked-store.ts'
import { deliveryAt } from './sync-contract.ts'
import { createStore, patched } from './task-store.ts'

/** Replicas over one database: whatever queues a process has, the others know nothing of. */
const openReplicas = async (count: number) => {
  const url = await createDatabaseUrl()
  const newId = createUuids(undefined)
  return Promise.all(
    Array.from({ length: count }, async () => {
      const repository = await openMongoRepository(url, TASK)
      onTestFinished(() => repository.close())
      return toLinkedStore(createStore(repository, newId))
    }),
  )
}

/** What each of the replicas does, so many times over, all at once. */
const all = <S, T>(
  stores: readonly S[],
  times: number,
  run: (store: S, index: number) => Promise<T>,
): Promise<T[]> =>
  Promise.all(
    stores.flatMap((store, at) =>
      Array.from({ length: times }, (_, index) => run(store, at * times + index)),
    ),
  )

test('replicas that change one link and its task at once lose nothing', async () => {
  const stores = await openReplicas(3)
  const { id } = (await stores[0]?.addLinked({ status: 'linked' }, { description: '' })) ?? {
    id: '',
  }
  await all(stores, 10, async ({ repository, sync }, index) => {
    if (index % 2 === 0)
      await sync.changeLink(id, (link) => ({
        ...link,
        lookups: link.lookups + 1,
      }))
    else
      await repository.tasks.change(id, (task, companion) =>
        patched({ description: `${task.description}x` })(task, companion),
      )
  })
  expect(await stores[1]?.sync.link(id)).toMatchObject({
    rev: 31,
    lookups: 15,
    wantedVersion: 16,
    status: 'outdated',
  })
  expect(await stores[2]?.current(id)).toMatchObject({
    version: 16,
    description: 'x'.repeat(15),
  })
})

test('replicas that decided upon one revision carry out one of the decisions', async () => {
  const stores = await openReplicas(4)
  const { id } = (await stores[0]?.addLinked()) ?? { id: '' }
  const results = await all(stores, 1, ({ sync }, index) =>
    sync.changeLink(id, (link) =>
      link.rev === 1 ? { ...link, rev: 2, attempts: index + 1 } : undefined,
    ),
  )
  const link = await stores[0]?.sync.link(id)
  expect(link?.rev).toBe(2)
  expect(results).toEqual(results.map(() => link))
})

test('replicas that link a task, take a delivery or want a lease at once do it once', async () => {
  const stores = await openReplicas(4)
  const { id } = (await stores[0]?.add()) ?? { id: '' }
  const linked = await all(stores, 3, ({ sync }, now) => sync.addLink(id, now))
  const taken = await all(stores, 3, ({ sync }) => sync.addDelivery(deliveryAt(1)))
  const terms = await all(stores, 1, ({ sync }, index) =>
    sync.acquireLease('work', `replica ${index}`, 60_000),
  )
  expect([linked, taken].map((results) => results.filter(Boolean).length)).toEqual([1, 1])
  expect(terms.filter((term) => term !== undefined)).toHaveLength(1)
})

test('replicas that keep a value at once keep one of them', async () => {
  const stores = await openReplicas(4)
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await all(stores, 3, ({ sync }, index) => sync.writeState(name, index))
    expect(await stores[0]?.sync.readState(name)).toBeTypeOf('number')
  }
})

test('replicas never hold an expired lease in one term', async () => {
  const stores = await openReplicas(4)
  const terms: number[] = []
  for (let round = 0; round < 12; round++) {
    const held = await all(stores, 1, ({ sync }, index) =>
      sync.acquireLease('work', `replica ${index} in round ${round}`, 1),
    )
    terms.push(...held.filter((term) => term !== undefined))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(terms.length).toBeGreaterThanOrEqual(12)
  expect(new Set(terms).size).toBe(terms.length)
})
