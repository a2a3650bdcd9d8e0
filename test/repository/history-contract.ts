import { describe, expect, test } from 'vitest'
import { toEventText } from '#src/core/event.ts'
import { createTask } from '#src/task/task.ts'
import { createdEvent } from '#src/task/task-event.ts'
import { instantAt } from '../core/task-arbitraries.ts'
import { BY } from '../request-context.ts'
import { type Open, openStore, textsOf, WHOLE } from './task-store.ts'

export const describeHistory = (open: Open): void => {
  describe('the history of a task', () => {
    test('tells what happened, oldest first', async () => {
      const { add, patch, remove, history } = await openStore(open)
      const { id } = await add({ title: 'a' }, instantAt(1))
      await patch(id, { title: 'b' }, instantAt(2))
      await patch(id, { status: 'completed' }, instantAt(3))
      await patch(id, { status: 'pending' }, instantAt(4))
      await remove(id)
      const events = await history(id)
      const types = [
        'task.created',
        'task.updated',
        'task.completed',
        'task.reopened',
        'task.deleted',
      ]
      expect(events.map(({ type }) => type)).toEqual(types)
      expect(events.map(({ time }) => time)).toEqual([1, 2, 3, 4, 200].map(instantAt))
      expect(events[1]?.changes).toEqual({ title: { before: 'a', after: 'b' } })
    })

    test('holds each event as it was given, with its sequence first', async () => {
      const { repository, newId, history } = await openStore(open)
      const task = createTask({ title: 'é "x"', labels: ['l'] }, newId(), instantAt(1))
      const event = createdEvent(task, {
        ...BY,
        actor: { type: 'github', id: null, name: 'someone "else" 🚀' },
      })
      await repository.tasks.create(task, event)
      await history(task.id)
      for (const wholeBytes of [WHOLE, 0]) {
        const text = await textsOf(await repository.tasks.history(task.id, 0, 10, wholeBytes))
        const { sequence } = JSON.parse(text) as { sequence: number }
        expect(text).toBe(toEventText(sequence, event))
      }
    })

    test('ascends with the events of all tasks together, without gaps', async () => {
      const { add, patch, remove, history } = await openStore(open)
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
      const { add, patch, history } = await openStore(open)
      const [first, second] = [await add(), await add()]
      await patch(first.id, { title: 'b' })
      expect((await history(second.id)).map(({ task_id }) => task_id)).toEqual([second.id])
    })

    test('is empty for an id that was never given', async () => {
      const { add, newId, history } = await openStore(open)
      await add()
      expect(await history(newId())).toEqual([])
    })

    test('survives the deletion of the task and of its newest neighbours', async () => {
      const { add, remove, history } = await openStore(open)
      const [first, second] = [await add(), await add()]
      await remove(second.id)
      await remove(first.id)
      await add()
      expect((await history(first.id)).map(({ type }) => type)).toEqual([
        'task.created',
        'task.deleted',
      ])
      expect((await history(second.id)).map(({ type }) => type)).toEqual([
        'task.created',
        'task.deleted',
      ])
    })

    test('is the same in pages of any size', async () => {
      const { add, patch, history } = await openStore(open)
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
      const { add, history } = await openStore(open)
      const { id } = await add()
      expect(await history(id, 1)).toEqual([])
      expect(await history(id, Number.MAX_SAFE_INTEGER)).toEqual([])
    })
  })
}
