// How many bytes a task and its events take in MongoDB, computed from the documents themselves: BSON by the driver's own
// calculateObjectSize, index entries from their keys. A mongod's own figures differ: it compresses documents and the keys' common
// beginnings, and leaves room in its pages.
import { BSON } from 'mongodb'
import { createDraft, createRandom } from '../bench/seed.mjs'
import { changedEvent, createdEvent } from '../dist/core/event.js'
import { completeTask, createTask } from '../dist/core/task.js'
import { eventKey, newTask } from '../dist/repository/mongo/documents.js'
import { changeKey, creationKey } from '../dist/repository/mongo/key-records.js'
import { EVENT_INDEXES, TASK_INDEXES } from '../dist/repository/mongo/migrations.js'
import { createTaskIds } from '../dist/task-ids.js'

const BY_ID = { name: '_id_', key: { _id: 1 } }
/** What a sharded collection has beside. */
const BY_SHARD_KEY = { name: 'bucket_1', key: { bucket: 1 } }

/** The place of the document, which ends each key: up to 2^41 documents. */
const PLACE = 6
const END = 1

/** A key's bytes for one value: a byte for its type, and a text ends with a zero. */
const keyBytes = (value) => {
  if (typeof value === 'string') return 2 + Buffer.byteLength(value)
  if (typeof value === 'number' || value instanceof Date) return 9
  return 1
}

/** What is at a path, with every element of the arrays on its way; an empty array has one key of its own. */
const valuesAt = (value, path) => {
  if (Array.isArray(value))
    return value.length === 0 && path.length === 0 ? [undefined] : value.flatMap((one) => valuesAt(one, path))
  const [first, ...rest] = path
  if (first === undefined) return [value]
  return typeof value === 'object' && value !== null ? valuesAt(value[first], rest) : [undefined]
}

const isHeld = (document, filter = {}) =>
  Object.entries(filter).every(([path, condition]) => {
    const values = valuesAt(document, path.split('.')).filter((value) => value !== undefined)
    return condition === true
      ? values.includes(true)
      : values.some((value) => condition.$gt === undefined || value > condition.$gt)
  })

/** The entries of a document in an index, and their bytes. */
const entriesOf = (document, { key, partialFilterExpression }) => {
  if (!isHeld(document, partialFilterExpression)) return []
  return Object.keys(key).reduce(
    (sizes, path) => valuesAt(document, path.split('.')).flatMap((value) => sizes.map((size) => size + keyBytes(value))),
    [END + PLACE],
  )
}

const sum = (values) => values.reduce((total, value) => total + value, 0)
const average = (documents, measure) => Math.round(sum(documents.map(measure)) / documents.length)

const indexBytes = (documents, indexes) =>
  indexes.map((index) => ({ name: index.name, bytes: average(documents, (one) => sum(entriesOf(one, index))) }))

/** Bytes on average over the bench's tasks, all published and without keys, as most are most of the time. */
export const measureSizes = (count = 2000) => {
  const [random, newId] = [createRandom(1), createTaskIds(undefined)]
  const tasks = Array.from({ length: count }, () => createTask(createDraft(random), newId(), '2026-01-01T00:00:00.000Z'))
  const documents = tasks.map((task) => ({ ...newTask(task, createdEvent(task, 'api'), []), pending: [] }))
  const place = (event, version, sequence) => ({
    _id: sequence,
    event: eventKey(event.task_id, version),
    fence: 1,
    version,
    ...event,
  })
  const created = tasks.map((task, index) => place(createdEvent(task, 'api'), 1, 2 ** 40 + index))
  const later = '2026-01-02T00:00:00.000Z'
  const open = tasks.filter(({ status }) => status !== 'completed')
  const changed = open.map((task, index) => place(changedEvent(task, completeTask(task, later), 'api'), 2, 2 ** 40 + index))
  const key = { key: 'x'.repeat(36), fingerprint: 'x'.repeat(64), now: 0, expiresAt: 0 }
  return {
    document: average(documents, BSON.calculateObjectSize),
    indexes: indexBytes(documents, [BY_ID, BY_SHARD_KEY, ...TASK_INDEXES]),
    created: average(created, BSON.calculateObjectSize),
    changed: average(changed, BSON.calculateObjectSize),
    eventIndexes: indexBytes(created, [BY_ID, ...EVENT_INDEXES]),
    key: average(tasks, (task) => BSON.calculateObjectSize(creationKey(key, JSON.stringify(task)))),
    changeKey: average(tasks, ({ id }) => BSON.calculateObjectSize(changeKey({ ...key, key: `${key.key}\n@${id}` }, 2))),
  }
}
