import type { CommandStartedEvent } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import type { IssueLink } from '#src/github/issue/issue-link.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { TASK } from '#src/task/task.ts'
import { createTaskService } from '#src/task/task-service.ts'
import { createUuids } from '#src/uuid-v7.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { connectTo, holdRelay } from '../process/event-sequence.ts'
import { newContext } from '../request-context.ts'
import { issueOf, millisAt, toSync } from './linked-store.ts'
import { deliveryAt } from './sync-contract.ts'
import { OLDEST_FIRST, readObjects } from './task-store.ts'

const isOfLease = ({ commandName, command }: CommandStartedEvent, name: string): boolean =>
  command[commandName] === 'leases' && JSON.stringify(command).includes(`"${name}"`)

const isOfRelay = (event: CommandStartedEvent): boolean =>
  isOfLease(event, 'relay') || event.command.filter?.['pending.time'] !== undefined

/** The search for tasks without their title key, and what else is done for these in the background. */
const isOfTitleKeys = (event: CommandStartedEvent): boolean =>
  isOfLease(event, 'title_keys') || isOfKeySearch(event)

const isOfKeySearch = ({ commandName, command }: CommandStartedEvent): boolean =>
  command.filter?.['order.title_key'] === null ||
  /^(createIndexes|dropIndexes)$/.test(commandName) ||
  command[commandName] === 'meta'

/** The service, and the names of the commands that a call of it makes it send. */
const start = async () => {
  const url = await createDatabaseUrl()
  /** This one's relay only looks whether it may go on, then, and which event waits longest. */
  await holdRelay(await connectTo(url))
  let sent: string[] = []
  const repository = await openMongoRepository(url, TASK, (event) => {
    if (!isOfRelay(event) && !isOfTitleKeys(event)) sent.push(event.commandName)
  })
  onTestFinished(() => repository.close())
  const service = createTaskService({ table: TASK, repository, newId: createUuids(undefined) })
  const commandsOf = async <T>(
    call: () => Promise<T>,
  ): Promise<{ result: T; commands: string[] }> => {
    sent = []
    const result = await call()
    return { result, commands: sent }
  }
  return { service, repository, commandsOf }
}

const always = {}
const draft = { title: 'Write the report', labels: ['ops'] }

test('a read is one command', async () => {
  const { service, commandsOf } = await start()
  const { id } = (await service.create(newContext(), draft)).entity
  for (let index = 0; index < 30; index++)
    await service.create(newContext(), { title: `task ${index}` })
  const reads: Record<string, () => Promise<unknown>> = {
    get: () => service.get(id),
    'a first page': () => service.page({ filter: {}, sort: OLDEST_FIRST }, undefined, 10),
    'a full page of the most': () =>
      service.page({ filter: {}, sort: { key: 'title', descending: true } }, undefined, 1000),
    'a filtered page': () =>
      service.page(
        { filter: { status: ['pending'], labels: ['ops'] }, sort: OLDEST_FIRST },
        undefined,
        10,
      ),
    search: () => service.page({ filter: { words: ['rep'] }, sort: OLDEST_FIRST }, undefined, 10),
    ping: () => service.ping(),
  }
  for (const [name, read] of Object.entries(reads)) {
    expect([name, (await commandsOf(read)).commands]).toEqual([
      name,
      [name === 'ping' ? 'ping' : 'find'],
    ])
  }
  const history = async (): Promise<void> => {
    expect(await readObjects(service.history(id))).toHaveLength(1)
  }
  expect((await commandsOf(history)).commands).toEqual(['aggregate'])
})

test('a write is one command, after one that reads what it changes', async () => {
  const { service, commandsOf } = await start()
  const created = await commandsOf(() => service.create(newContext(), draft))
  expect(created.commands).toEqual(['insert'])
  const { id } = created.result.entity
  const changed = await commandsOf(() =>
    service.update(newContext(), id, { title: 'Send the report' }, always),
  )
  expect(changed.commands).toEqual(['find', 'update'])
  const kept = await commandsOf(() =>
    service.update(newContext(), id, { title: 'Send the report' }, always),
  )
  expect(kept.commands).toEqual(['find'])
  expect((await commandsOf(() => service.complete(newContext(), id, always))).commands).toEqual([
    'find',
    'update',
  ])
  expect((await commandsOf(() => service.remove(newContext(), id, always))).commands).toEqual([
    'find',
    'update',
  ])
})

test('tasks that are read at once, for themselves or to be changed, share a command', async () => {
  const { service, commandsOf } = await start()
  const [first, second] = [
    await service.create(newContext(), draft),
    await service.create(newContext(), { title: 'another' }),
  ]
  const ids = [first.entity.id, second.entity.id]
  const gets = await commandsOf(() =>
    Promise.allSettled([...ids, 'none', ...ids].map((id) => service.get(id))),
  )
  expect(
    gets.result.map((one) => (one.status === 'fulfilled' ? one.value : one.reason)),
  ).toMatchObject([first.entity, second.entity, { code: 'not_found' }, first.entity, second.entity])
  expect(gets.commands).toEqual(['find'])
  const changes = await commandsOf(() =>
    Promise.all(ids.map((id) => service.complete(newContext(), id, always))),
  )
  expect(changes.commands).toEqual(['find', 'update', 'update'])
})

test('a key costs nothing at first, and a look at its record when it comes again', async () => {
  const { service, repository, commandsOf } = await start()
  const retry = { key: 'retry-1', fingerprint: 'request' }
  expect(
    (await commandsOf(() => service.create(newContext({ key: retry }), draft))).commands,
  ).toEqual(['insert'])
  const replayed = await commandsOf(() => service.create(newContext({ key: retry }), draft))
  expect(replayed.result.replayed).toBe(true)
  expect(replayed.commands).toEqual(['insert', 'find'])
  const claim = () =>
    repository.tasks.reserveKey({
      key: 'batch-1',
      fingerprint: 'request',
      now: Date.now(),
      expiresAt: Date.now() + 1000,
    })
  expect((await commandsOf(claim)).commands).toEqual(['insert'])
})

test('a change with a key costs no command more, and one read when it comes again', async () => {
  const { service, commandsOf } = await start()
  const { id } = (await service.create(newContext(), draft)).entity
  const retry = { key: 'retry-1', fingerprint: 'request' }
  const change = () => service.update(newContext({ key: retry }), id, { title: 'Send it' }, always)
  expect((await commandsOf(change)).commands).toEqual(['find', 'update'])
  const replayed = await commandsOf(change)
  expect([replayed.result.replayed, replayed.commands]).toEqual([true, ['find']])
  const kept = () =>
    service.update(newContext({ key: { ...retry, key: 'retry-2' } }), id, {}, always)
  expect((await commandsOf(kept)).commands).toEqual(['find', 'update'])
})

const step = (link: IssueLink): IssueLink => ({ ...link, attempts: link.attempts + 1 })

test('a step of the GitHub sync is one command, after one that reads what it changes', async () => {
  const { service, repository, commandsOf } = await start()
  const sync = toSync(repository)
  const { id } = (await service.create(newContext(), draft)).entity
  const steps: readonly (readonly [string, () => Promise<unknown>, readonly string[]])[] = [
    ['a link is added', () => sync.addLink(id, 1), ['find', 'update']],
    ['not twice', () => sync.addLink(id, 1), ['find']],
    ['a link is changed', () => sync.changeLink(id, step), ['find', 'update']],
    ['or left', () => sync.changeLink(id, () => undefined), ['find']],
    [
      'a linked task is changed',
      () => service.update(newContext(), id, { title: 'Send it' }, always),
      ['find', 'update'],
    ],
    ['a delivery comes', () => sync.addDelivery(deliveryAt(1)), ['insert']],
    ['again', () => sync.addDelivery(deliveryAt(1)), ['insert']],
    ['and is dealt with', () => sync.closeDelivery(deliveryAt(1).id, 0), ['update', 'find']],
    [
      'and forgotten',
      () => sync.closeDelivery(deliveryAt(1).id, millisAt(9)),
      ['update', 'find', 'delete'],
    ],
    ['a value is kept', () => sync.writeState('a', 1), ['update']],
    ['a link is forgotten', () => sync.changeLink(id, () => null), ['find', 'update']],
  ]
  for (const [name, call, commands] of steps)
    expect([name, (await commandsOf(call)).commands]).toEqual([name, commands])
})

test('a look at the links is one command, however many there are', async () => {
  const { service, repository, commandsOf } = await start()
  const sync = toSync(repository)
  for (let index = 0; index < 130; index++) {
    const { id } = (await service.create(newContext(), { title: `task ${index}` })).entity
    if (index === 0) continue
    await sync.addLink(id, 1)
    await sync.changeLink(id, (link) => ({ ...link, issue: issueOf(String(index)) }))
    await sync.addDelivery(deliveryAt(index))
  }
  const looks: Readonly<Record<string, () => Promise<unknown>>> = {
    'the link of a task': () => sync.link('none'),
    'the link of an issue': () => sync.linkOfIssue('7'),
    'the links that are due': () => sync.dueLinks(2, 125),
    'the links of a state': () => sync.links('pending', undefined, 125),
    'the tasks without a link': () => sync.unlinkedTasks(undefined, 125),
    'the deliveries that are open': () => sync.openDeliveries(125),
    'a value': () => sync.readState('a'),
  }
  for (const [name, look] of Object.entries(looks)) {
    expect([name, (await commandsOf(look)).commands]).toEqual([name, ['find']])
  }
  expect(await commandsOf(() => sync.countLinks())).toEqual({
    result: { pending: 129 },
    commands: ['aggregate'],
  })
})

test('a lease costs whoever waits for it one read', async () => {
  const { repository, commandsOf } = await start()
  const { acquire: hold } = repository.leases
  await hold('work', 'a', 60_000)
  expect((await commandsOf(() => hold('work', 'b', 60_000))).commands).toEqual(['find'])
  expect((await commandsOf(() => hold('work', 'a', 60_000))).commands).toEqual(['find', 'update'])
})

test('the new tasks of a batch share a command, after one that asks whether the database is there', async () => {
  const { service, commandsOf } = await start()
  const operations = Array.from({ length: 80 }, () => ({ op: 'create' as const, task: draft }))
  const { result, commands } = await commandsOf(() => service.batch(newContext(), operations))
  expect(result.map(({ kind }) => kind)).toEqual(new Array(80).fill('created'))
  expect(commands).toEqual(['ping', 'insert'])
})
