import type { UpdateFilter } from 'mongodb'
import { describe, expect, test } from 'vitest'
import type { NewEvent } from '#src/core/event.ts'
import { at, type CommitDocument, type EventDocument } from '#src/repository/mongo/documents.ts'
import { isInserted, isUpdated } from '#src/repository/mongo/find-write.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { connectTo, holdRelay, publishAll } from '../process/event-sequence.ts'
import { BY } from '../request-context.ts'
import { openStore } from './task-store.ts'

const NOBODY = '0192a0c0-0000-7000-8000-000000000000'

/** A task at revision 1, whose events wait until the test publishes them. */
const start = async () => {
  const url = await createDatabaseUrl()
  const db = await connectTo(url)
  await holdRelay(db)
  const store = await openStore(() => openMongoRepository(url, TASK))
  const { id } = await store.add()
  const documents = db.collection<CommitDocument>('tasks')
  const events = db.collection<EventDocument>('events')
  const document = async () => (await documents.findOne(at(id))) as CommitDocument

  /** A change of a writer's to version 2. */
  const changeBy = (actor: string): UpdateFilter<CommitDocument> => {
    const changes = { title: { before: 'a', after: { nested: [1, null, 'b'] } } }
    const event: NewEvent = {
      type: 'task.updated',
      resource_id: id,
      version: 2,
      time: 'now',
      actor: { ...BY.actor, name: actor },
      operation_id: BY.operationId,
      changes,
    }
    return { $set: { rev: 2 }, $push: { pending: event } }
  }
  return {
    store,
    id,
    document,
    changeBy,
    make: (update: UpdateFilter<CommitDocument>) => documents.updateOne(at(id), update),
    publish: () => publishAll(db),
    find: (update: UpdateFilter<CommitDocument>) => isUpdated({ documents, events }, id, 1, update),
    isThere: (one: CommitDocument) => isInserted({ documents, events }, one),
  }
}

describe('a change', () => {
  test('that was not made may be sent again', async () => {
    const { changeBy, find } = await start()
    expect(await find(changeBy('us'))).toBeUndefined()
  })

  test('is known by its event, in the task or published, also after others', async () => {
    const { changeBy, make, find, publish, store, id } = await start()
    await make(changeBy('us'))
    expect(await find(changeBy('us'))).toBe(true)
    await publish()
    expect(await find(changeBy('us'))).toBe(true)
    await store.remove(id)
    await publish()
    expect(await find(changeBy('us'))).toBe(true)
  })

  test("is not another writer's of the same version", async () => {
    const { changeBy, make, find, publish } = await start()
    await make(changeBy('another'))
    expect(await find(changeBy('us'))).toBe(false)
    await publish()
    expect(await find(changeBy('us'))).toBe(false)
  })

  test('without an event is known by its fields, as long as no other follows', async () => {
    const { make, find } = await start()
    const keys = [{ key: 'a', fingerprint: 'f', expires_at: new Date(1), version: 1 }]
    const update = { $set: { rev: 2, keys } }
    expect(await find(update)).toBeUndefined()
    await make({ $set: { rev: 2, keys: [] } })
    expect(await find(update)).toBe(false)
    await make(update)
    expect(await find(update)).toBe(true)
    await make({ $set: { rev: 3 } })
    await expect(find(update)).rejects.toMatchObject({ code: 'outcome_unknown' })
  })
})

test('an insert is known by its document or, if the task is gone since, by its event', async () => {
  const { document, isThere, store, id, publish } = await start()
  const own = await document()
  expect(await isThere(own)).toBe(true)
  await store.remove(id)
  await publish()
  expect(await document()).toBe(null)
  expect(await isThere(own)).toBe(true)
  expect(await isThere({ ...own, ...at(NOBODY), pending: [] })).toBe(false)
})
