import { describe, expect, test } from 'vitest'
import { toEventText } from '#src/core/event.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import type { Subject } from './subject.ts'
import { type Open, openEntities, textsOf, WHOLE } from './task-store.ts'

export const describeHistory = (open: Open, subject: Subject): void => {
  describe('the history of a task', () => {
    test('tells what happened, oldest first', async () => {
      const { add, patch, remove, history } = await openEntities(open, subject)
      const { id } = await add({ title: 'a' }, instantAt(1))
      await patch(id, { title: 'b' }, instantAt(2))
      await patch(id, { status: 'completed' }, instantAt(3))
      await patch(id, { status: 'pending' }, instantAt(4))
      await remove(id)
      const events = await history(id)
      const types = [
        `${subject.kind}.created`,
        `${subject.kind}.updated`,
        subject.statusEvent('completed'),
        subject.statusEvent('reopened'),
        `${subject.kind}.deleted`,
      ]
      expect(events.map(({ type }) => type)).toEqual(types)
      expect(events.map(({ time }) => time)).toEqual([1, 2, 3, 4, 200].map(instantAt))
      expect(events[1]?.changes).toEqual({ title: { before: 'a', after: 'b' } })
    })

    test('holds each event as it was given, with its sequence first', async () => {
      const { entities, newId, history } = await openEntities(open, subject)
      const task = subject.create({ title: 'é "x"', labels: ['l'] }, newId(), instantAt(1))
      const event = subject.createdEvent(task, {
        ...BY,
        actor: { type: 'github', id: null, name: 'someone "else" 🚀' },
      })
      await entities.create(task, event)
      await history(task.id)
      for (const wholeBytes of [WHOLE, 0]) {
        const text = await textsOf(await entities.history(task.id, 0, 10, wholeBytes))
        const { sequence } = JSON.parse(text) as { sequence: number }
        expect(text).toBe(toEventText(sequence, event))
      }
    })

    test('ascends with the events of all tasks together, without gaps', async () => {
      const { add, patch, remove, history } = await openEntities(open, subject)
      const tasks = await Promise.all(Array.from({ length: 10 }, () => add()))
      await Promise.all(
        tasks.flatMap(({ id }) => [patch(id, { title: 'b' }), patch(id, { title: 'c' })]),
      )
      await Promise.all(tasks.map(({ id }) => remove(id)))
      const histories = await Promise.all(tasks.map(({ id }) => history(id)))
      const sequences = histories.map((events) => events.map(({ sequence }) => sequence))
      for (const one of sequences) expect(one).toEqual([...one].sort((a, b) => a - b))
      const all = sequences.flat().sort((a, b) => a - b)
      expect(all).toEqual(Array.from({ length: 40 }, (_, index) => (all[0] ?? 0) + index))
      expect(all[0]).toBeGreaterThanOrEqual(1)
    })

    test('is the task alone', async () => {
      const { add, patch, history } = await openEntities(open, subject)
      const [first, second] = [await add(), await add()]
      await patch(first.id, { title: 'b' })
      expect((await history(second.id)).map(({ resource_id }) => resource_id)).toEqual([second.id])
    })

    test('is empty for an id that was never given', async () => {
      const { add, newId, history } = await openEntities(open, subject)
      await add()
      expect(await history(newId())).toEqual([])
    })

    test('survives the deletion of the task and of its newest neighbours', async () => {
      const { add, remove, history } = await openEntities(open, subject)
      const [first, second] = [await add(), await add()]
      await remove(second.id)
      await remove(first.id)
      await add()
      expect((await history(first.id)).map(({ type }) => type)).toEqual([
        `${subject.kind}.created`,
        `${subject.kind}.deleted`,
      ])
      expect((await history(second.id)).map(({ type }) => type)).toEqual([
        `${subject.kind}.created`,
        `${subject.kind}.deleted`,
      ])
    })

    test('is the same in pages of any size', async () => {
      const { add, patch, history } = await openEntities(open, subject)
      const { id } = await add()
      for (let index = 0; index < 11; index += 1) {
        await patch(id, { title: `title ${index}` })
        await add()
      }
      const whole = await history(id)
      for (const limit of [1, 4, 5, 12, 13]) {
        const pages = []
        let page = await history(id, 0, limit)
        for (pages.push(page); page.length === limit; pages.push(page))
          page = await history(id, pages.flat().length, limit)
        expect(pages.flat()).toEqual(whole)
      }
    })

    test('after its last event is empty', async () => {
      const { add, history } = await openEntities(open, subject)
      const { id } = await add()
      expect(await history(id, 1)).toEqual([])
      expect(await history(id, Number.MAX_SAFE_INTEGER)).toEqual([])
    })
  })
}
