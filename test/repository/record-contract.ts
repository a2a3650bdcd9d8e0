import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { CommitResult, StoredEntity } from '#src/core/commit.ts'
import { invalidInput } from '#src/core/errors.ts'
import { instant, text } from '#src/core/field.ts'
import { defineRecord } from '#src/core/record.ts'
import { createRecordService } from '#src/core/record-service.ts'
import type { Repository } from '#src/core/repository.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { NOTE, NOTE_DEFINITION, type Note, type NoteDraft, type NotePatch } from '../notes.ts'
import { newContext } from '../request-context.ts'
import { keyAt } from './key-contract.ts'
import { NOTES, TASKS } from './subject.ts'
import { createEntities, type Open, readObjects, readSlice, toStored, WHOLE } from './task-store.ts'

const openNotes = async (open: Open) => {
  const repository = await open()
  onTestFinished(() => repository.close())
  return createNotes(repository)
}

const createNotes = (repository: Repository) => {
  const newId = createUuids(undefined)
  const records = repository.records(NOTE)
  return {
    ...createEntities<Note, NoteDraft, NotePatch>(repository, NOTES, newId),
    tasks: createEntities(repository, TASKS, newId),
    records,

    list: async (parent?: string, after?: string, limit = 1000, wholeBytes = WHOLE) =>
      (await readSlice(records.list(parent, after, limit, wholeBytes))) as Note[],
  }
}

const kindsOf = (results: readonly CommitResult[]) => results.map(({ kind }) => kind).sort()

/** What every adapter promises of records alone. */
export const describeRecords = (open: Open): void => {
  describeUniqueKeys(open)
  describeRecordLists(open)
  describeBothTiers(open)
  describeLaterFields(open)
}

const describeUniqueKeys = (open: Open): void => {
  describe('a unique key', () => {
    test('finds its record, and only while the record has it', async () => {
      const { records, create, patch, remove } = await openNotes(open)
      const first = toStored(await create({ title: 'a', slug: 'One' }))
      expect(await records.byUniqueKey('one')).toEqual(first)
      const moved = toStored(await patch(first.id, { slug: 'two' }))
      expect(await records.byUniqueKey('one')).toBeUndefined()
      expect(await records.byUniqueKey('two')).toEqual(moved)
      await patch(first.id, { slug: null })
      expect(await records.byUniqueKey('two')).toBeUndefined()
      await patch(first.id, { slug: 'three' })
      await remove(first.id)
      expect(await records.byUniqueKey('three')).toBeUndefined()
    })

    test('that is taken refuses a new record, which leaves nothing behind', async () => {
      const { create, all, history, repository } = await openNotes(open)
      await create({ title: 'a', slug: 'one' })
      expect(await create({ title: 'b', slug: 'ONE' }, undefined, keyAt(0))).toEqual({
        kind: 'taken',
      })
      expect(await all()).toMatchObject([{ title: 'a' }])
      const refused = await repository.tasks.maxId()
      expect(await history(refused ?? '')).toHaveLength(refused === (await all())[0]?.id ? 1 : 0)
      expect(await create({ title: 'c', slug: 'two' }, undefined, keyAt(1))).toMatchObject({
        kind: 'stored',
        replayed: false,
      })
    })

    test('that is taken refuses a change, which stores nothing and leaves its key free', async () => {
      const { entities, create, add, patch, history } = await openNotes(open)
      await create({ title: 'a', slug: 'one' })
      const { id } = await add({ slug: 'two' })
      const before = await entities.get(id)
      expect(await patch(id, { slug: 'one', title: 'x' }, undefined, keyAt(0))).toEqual({
        kind: 'taken',
      })
      expect(await entities.get(id)).toEqual(before)
      expect(await history(id)).toHaveLength(1)
      const other = await patch(id, { title: 'y' }, undefined, keyAt(1, 'another'))
      expect(other).toMatchObject({ kind: 'stored', replayed: false })
    })

    test('that is taken refuses nothing beside it', async () => {
      const { create, all } = await openNotes(open)
      await create({ title: 'first', slug: 'one' })
      const results = await Promise.all(
        Array.from({ length: 9 }, (_, index) =>
          create({ title: `t${index}`, slug: index % 3 === 0 ? 'one' : `slug ${index}` }),
        ),
      )
      expect(kindsOf(results)).toEqual([...Array(6).fill('stored'), ...Array(3).fill('taken')])
      expect(await all()).toHaveLength(7)
    })

    test('is had by one of the records that race for it, new or changed', async () => {
      const { create, add, patch, all } = await openNotes(open)
      const notes = await Promise.all(Array.from({ length: 5 }, () => add()))
      const results = await Promise.all([
        ...notes.map(({ id }) => patch(id, { slug: 'one' })),
        ...Array.from({ length: 5 }, () => create({ title: 'new', slug: 'one' })),
      ])
      expect(kindsOf(results)).toEqual(['stored', ...Array(9).fill('taken')])
      expect((await all()).filter(({ slug }) => slug === 'one')).toHaveLength(1)
    })

    test('of a creation with a key is replayed rather than taken', async () => {
      const { create, remove, add } = await openNotes(open)
      const first = toStored(await create({ title: 'a', slug: 'one' }, undefined, keyAt(0)))
      const replay = { kind: 'stored', entity: first, replayed: true }
      expect(await create({ title: 'a', slug: 'one' }, undefined, keyAt(1))).toEqual(replay)
      const twins = await Promise.all(
        Array.from({ length: 5 }, () =>
          create({ title: 'b', slug: 'two' }, undefined, keyAt(2, 'request', 'twin')),
        ),
      )
      expect(kindsOf(twins)).toEqual(Array(5).fill('stored'))
      await remove(first.id)
      await add({ slug: 'one' })
      expect(await create({ title: 'a', slug: 'one' }, undefined, keyAt(3))).toEqual(replay)
    })

    test('is free again once its record is deleted, and null is always free', async () => {
      const { create, remove } = await openNotes(open)
      const first = toStored(await create({ title: 'a', slug: 'one' }))
      await remove(first.id)
      const results = await Promise.all([
        create({ title: 'b', slug: 'one' }),
        create({ title: 'c' }),
        create({ title: 'd', slug: null }),
      ])
      expect(kindsOf(results)).toEqual(Array(3).fill('stored'))
    })

    test('is unique in its kind alone', async () => {
      const { create, repository } = await openNotes(open)
      await create({ title: 'a', slug: 'one' })
      expect(await repository.records({ ...NOTE, kind: 'memo' }).byUniqueKey('one')).toBeUndefined()
    })

    test('is unique after any writes, and finds what a model of them finds', async () => {
      const { create, patch, remove, all, records } = await openNotes(open)
      const slugs = fc.constantFrom('a', 'b', 'c', null)
      const writes = fc.array(fc.record({ at: fc.nat(4), slug: slugs, isRemoval: fc.boolean() }), {
        maxLength: 12,
      })
      await fc.assert(
        fc.asyncProperty(writes, async (steps) => {
          for (const { id } of await all()) await remove(id)
          const known: { id: string; slug: string | null }[] = []
          for (const { at, slug, isRemoval } of steps) {
            const one = known[at]
            const isTaken = slug !== null && known.some((other) => other.slug === slug)
            if (one === undefined) {
              const result = await create({ title: 'n', slug })
              expect(result.kind).toBe(isTaken ? 'taken' : 'stored')
              if (result.kind === 'stored') known.push({ id: result.entity.id, slug })
            } else if (isRemoval) {
              expect((await remove(one.id)).kind).toBe('deleted')
              known.splice(at, 1)
            } else {
              const expected = isTaken && one.slug !== slug ? 'taken' : 'stored'
              expect((await patch(one.id, { slug })).kind).toBe(expected)
              if (expected === 'stored') one.slug = slug
            }
          }
          for (const slug of ['a', 'b', 'c'])
            expect((await records.byUniqueKey(slug))?.id).toBe(
              known.find((one) => one.slug === slug)?.id,
            )
        }),
        { numRuns: 10 },
      )
    })
  })
}

const describeRecordLists = (open: Open): void => {
  describe('a list of records', () => {
    test('is in the order of their creation, whatever their instants are', async () => {
      const { add, patch, list } = await openNotes(open)
      const notes = [await add({}, instantAt(9)), await add({}, instantAt(1)), await add()]
      await patch(notes[0]?.id ?? '', { title: 'changed' })
      expect((await list()).map(({ id }) => id)).toEqual(notes.map(({ id }) => id))
    })

    test('is of one parent if it is given', async () => {
      const { add, patch, list, newId } = await openNotes(open)
      const [first, second] = [newId(), newId()]
      const notes = await Promise.all(
        [first, second, null, first].map((task_id) => add({ task_id })),
      )
      const ids = async (parent?: string) => (await list(parent)).map(({ id }) => id)
      expect(await ids(first)).toEqual([notes[0]?.id, notes[3]?.id])
      expect(await ids(newId())).toEqual([])
      expect(await ids()).toHaveLength(4)
      await patch(notes[0]?.id ?? '', { task_id: second })
      await patch(notes[3]?.id ?? '', { task_id: null })
      expect([await ids(first), await ids(second)]).toEqual([[], [notes[0]?.id, notes[1]?.id]])
    })

    test('is the same in pages of any size, read along or not', async () => {
      const { add, records, list, newId } = await openNotes(open)
      const parent = newId()
      const notes: Note[] = []
      for (let index = 0; index < 11; index += 1)
        notes.push(await add({ title: `n${index}`, task_id: index % 2 === 0 ? parent : null }))
      const ofParent = notes.filter(({ task_id }) => task_id === parent)
      for (const [of, expected] of [[undefined, notes] as const, [parent, ofParent] as const]) {
        for (const limit of [1, 3, 6, 11, 300]) {
          for (const wholeBytes of [0, WHOLE]) {
            const read: Note[] = []
            let after: string | undefined
            do {
              read.push(...(await list(of, after, limit, wholeBytes)))
              after = (await records.list(of, after, limit, wholeBytes)).next
            } while (after !== undefined)
            expect(read).toEqual(expected)
          }
        }
      }
    })

    test('goes on after a record that was deleted since', async () => {
      const { add, remove, list } = await openNotes(open)
      const notes = [await add(), await add(), await add()]
      await remove(notes[1]?.id ?? '')
      expect(await list(undefined, notes[1]?.id)).toEqual([notes[2]])
      await remove(notes[2]?.id ?? '')
      const last = await add()
      expect(await list(undefined, notes[2]?.id)).toEqual([last])
    })
  })
}

const describeBothTiers = (open: Open): void => {
  describe('tasks and records', () => {
    test('are not found as each other, nor are their histories', async () => {
      const { add, tasks, entities, list, history, repository } = await openNotes(open)
      const [note, task] = [await add(), await tasks.add()]
      expect(await entities.get(task.id)).toBeUndefined()
      expect(await tasks.entities.get(note.id)).toBeUndefined()
      expect(await history(task.id)).toEqual([])
      expect(await tasks.history(note.id)).toEqual([])
      expect([await list(), await tasks.all()]).toMatchObject([
        [{ id: note.id }],
        [{ id: task.id }],
      ])
      const memos = repository.records({ ...NOTE, kind: 'memo' })
      expect(await memos.get(note.id)).toBeUndefined()
      expect(await memos.change(note.id, () => ({ kind: 'keep' }))).toEqual({ kind: 'absent' })
      expect(await readSlice(memos.history(note.id, 0, 9, WHOLE))).toEqual([])
      expect(await readSlice(memos.list(undefined, undefined, 9, WHOLE))).toEqual([])
    })

    test('share one sequence of events and one newest id', async () => {
      const { add, patch, remove, tasks, history, repository } = await openNotes(open)
      const notes = await Promise.all(Array.from({ length: 5 }, () => add()))
      const added = await Promise.all(Array.from({ length: 5 }, () => tasks.add()))
      expect(await repository.tasks.maxId()).toBe(added.at(-1)?.id)
      await Promise.all([
        ...notes.map(({ id }) => patch(id, { title: 'b' })),
        ...added.map(({ id }) => tasks.patch(id, { title: 'b' })),
      ])
      await Promise.all([
        ...notes.map(({ id }) => remove(id)),
        ...added.map(({ id }) => tasks.remove(id)),
      ])
      const newest = await add()
      expect(await repository.tasks.maxId()).toBe(newest.id)
      const events = await Promise.all([
        ...[...notes, newest].map(({ id }) => history(id)),
        ...added.map(({ id }) => tasks.history(id)),
      ])
      const sequences = events.flat().map(({ sequence }) => sequence)
      expect(sequences.sort((a, b) => a - b)).toEqual(Array.from({ length: 31 }, (_, at) => at + 1))
    })
  })
}

const describeLaterFields = (open: Open): void => {
  describe('a field that came after a record was stored', () => {
    /** The records before, and the service after. */
    const openLater = async () => {
      const repository = await open()
      onTestFinished(() => repository.close())
      const newId = createUuids(undefined)
      return {
        before: createRecordService(NOTE, { repository, newId }),
        later: createRecordService(LATER, { repository, newId }),
      }
    }
    const always = {}
    const parse = ({ json }: StoredEntity) => JSON.parse(json) as Record<string, unknown>

    test('reads as its default, whichever way the record is read', async () => {
      const { before, later } = await openLater()
      const { entity: record } = await before.create(newContext(), { title: 'a', slug: 'one' })
      const expected = { ...parse(record), color: 'red', seen: null }
      expect(parse(await later.get(record.id))).toEqual(expected)
      expect(parse((await later.byUniqueKey('one')) as StoredEntity)).toEqual(expected)
      expect(await readObjects(later.all(undefined, undefined))).toEqual([expected])
      const page = await later.page(undefined, undefined, 9)
      expect(await readObjects(page.texts)).toEqual([expected])
      const kept = await later.update(newContext(), record.id, { color: 'red' }, always)
      expect(parse(kept.entity)).toEqual(expected)
    })

    test('is changed from its default', async () => {
      const { before, later } = await openLater()
      const { entity: record } = await before.create(newContext(), { title: 'a' })
      const changed = await later.update(newContext(), record.id, { color: 'blue' }, always)
      expect(parse(changed.entity)).toMatchObject({ color: 'blue', seen: null, version: 2 })
      const events = (await readObjects(later.history(record.id))) as { changes: unknown }[]
      expect(events[1]?.changes).toEqual({ color: { before: 'red', after: 'blue' } })
    })

    test('leaves the first answer of a creation as it was', async () => {
      const { before, later } = await openLater()
      const key = { key: 'k', fingerprint: 'request' }
      const first = await before.create(newContext({ key }), { title: 'a' })
      const again = await later.create(newContext({ key }), { title: 'a' })
      expect(again).toEqual({ entity: first.entity, replayed: true })
    })
  })

  describe('what a record decides', () => {
    test('is set with its change, and a refusal stores nothing', async () => {
      const repository = await open()
      onTestFinished(() => repository.close())
      const service = createRecordService(LATER, { repository, newId: createUuids(undefined) })
      const { entity: record } = await service.create(newContext(), { title: 'a' })
      const context = newContext({ now: () => Date.parse(instantAt(3_000_000_000)) })
      const update = (patch: object) => service.update(context, record.id, patch, {})
      const seen = (await update({ status: 'completed' })).entity
      expect(JSON.parse(seen.json)).toMatchObject({ seen: instantAt(3_000_000_000), version: 2 })
      await expect(update({ status: 'pending' })).rejects.toMatchObject({
        code: 'invalid_input',
        issues: [{ pointer: '#/status' }],
      })
      await expect(service.create(newContext(), { title: 'refused' })).rejects.toMatchObject({
        code: 'invalid_input',
      })
      expect(await service.get(record.id)).toEqual(seen)
      expect(await readObjects(service.all(undefined, undefined))).toHaveLength(1)
    })
  })
}

/** Notes with two more fields, and rules for them. */
const LATER = defineRecord({
  ...NOTE_DEFINITION,
  fields: {
    ...NOTE_DEFINITION.fields,
    color: text({ description: 'Its color.', max: 20, default: 'red' }),
    seen: instant({ description: 'When it was completed.', nullable: true, readOnly: true }),
  },
  examples: {
    ...NOTE_DEFINITION.examples,
    entity: { ...NOTE_DEFINITION.examples.entity, color: 'red', seen: null },
  },
  decide(next, at, before) {
    if (before?.status === 'completed' && next.status !== 'completed')
      throw invalidInput([{ pointer: '#/status', detail: 'is final' }])
    if (next.title === 'refused') throw invalidInput([{ pointer: '#/title', detail: 'is refused' }])
    return { ...next, seen: next.status === 'completed' ? (next.seen ?? at) : null }
  },
})
