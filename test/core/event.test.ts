import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toEventText } from '#src/core/event.ts'
import { patchTask, type Task } from '#src/task/task.ts'
import { changedEvent, createdEvent, deletedEvent } from '#src/task/task-event.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { BY } from '../request-context.ts'
import {
  changedFields,
  completeTask,
  instantAt,
  instants,
  patches,
  STATUSES,
  sampleTask,
  TRACKED_FIELDS,
  tasks,
} from './task-arbitraries.ts'

const known = (task: Task) => TRACKED_FIELDS.filter((field) => task[field] !== null)

describe('the event of a new task', () => {
  test('tells every field that has a value, null before', () => {
    fc.assert(
      fc.property(tasks, (task) => {
        const event = createdEvent(task, BY)
        expect(event).toMatchObject({
          type: 'task.created',
          resource_id: task.id,
          time: task.created_at,
          actor: BY.actor,
          operation_id: BY.operationId,
        })
        expect(event.changes).toEqual(
          Object.fromEntries(
            known(task).map((field) => [field, { before: null, after: task[field] }]),
          ),
        )
      }),
    )
  })
})

describe('the event of a deletion', () => {
  test('tells every field that had a value, null after', () => {
    fc.assert(
      fc.property(tasks, instants, (task, now) => {
        const event = deletedEvent(task, BY, now)
        const time = [now, task.updated_at].sort()[1]
        expect(event).toMatchObject({
          type: 'task.deleted',
          resource_id: task.id,
          time,
          actor: BY.actor,
          version: task.version + 1,
        })
        expect(event.changes).toEqual(
          Object.fromEntries(
            known(task).map((field) => [field, { before: task[field], after: null }]),
          ),
        )
      }),
    )
  })
})

describe('the event of a change', () => {
  test('tells exactly the changed fields, before and after, at the time of the change', () => {
    fc.assert(
      fc.property(tasks, patches, instants, (before, patch, now) => {
        const after = patchTask(before, patch, now)
        const event = changedEvent(before, after, BY)
        expect(event.time).toBe(after.updated_at)
        expect(Object.keys(event.changes)).toEqual(changedFields(before, after))
        for (const field of changedFields(before, after)) {
          expect(event.changes[field]).toEqual({ before: before[field], after: after[field] })
        }
      }),
    )
  })

  const types: Record<string, string> = {
    'pending → completed': 'task.completed',
    'in_progress → completed': 'task.completed',
    'completed → pending': 'task.reopened',
    'completed → in_progress': 'task.reopened',
  }

  for (const before of STATUSES) {
    for (const after of STATUSES) {
      const way = `${before} → ${after}`
      test(`from ${way} is ${types[way] ?? 'task.updated'}`, () => {
        const task = patchTask(sampleTask(), { status: before }, instantAt(1))
        const next = patchTask(task, { status: after, title: 'changed as well' }, instantAt(2))
        expect(changedEvent(task, next, BY).type).toBe(types[way] ?? 'task.updated')
      })
    }
  }

  test('of a completion tells status and completed_at', () => {
    const task = sampleTask()
    expect(changedEvent(task, completeTask(task, instantAt(1)), BY).changes).toEqual({
      status: { before: 'pending', after: 'completed' },
      completed_at: { before: null, after: instantAt(1) },
    })
  })
})

test('the ids of events are UUIDs of their own', () => {
  const newId = createUuids(undefined)
  const ids = [newId(), newId(), newId('key')].flatMap((id) =>
    [1, 2, 3, 4096].map((version) => {
      const text = toEventText(1, createdEvent(sampleTask({ id, version }), BY))
      return (JSON.parse(text) as { id: string }).id
    }),
  )
  expect(new Set(ids).size).toBe(12)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f-]{17}$/)
})
