import { AppError } from '../core/errors.ts'
import { EMPTY_SLICE } from '../core/slice.ts'
import type { TaskRepository } from '../core/task-repository.ts'

/** No database at all: the list is empty, and whatever needs one says so. */
export const createUnconfiguredRepository = (): TaskRepository => {
  const refuse = async (): Promise<never> => {
    throw new AppError('database_not_configured', 'Database not configured')
  }
  return {
    get: refuse,
    newestId: async () => undefined,
    list: async () => EMPTY_SLICE,
    history: refuse,
    create: refuse,
    change: refuse,
    claim: refuse,
    ping: refuse,
    sync: {
      link: refuse,
      linkOfIssue: refuse,
      changeLink: refuse,
      addLink: refuse,
      dueLinks: refuse,
      links: refuse,
      countLinks: refuse,
      unlinkedTasks: refuse,
      addDelivery: refuse,
      openDeliveries: refuse,
      closeDelivery: refuse,
      readState: refuse,
      writeState: refuse,
      acquireLease: refuse,
      releaseLease: refuse,
    },
    eventLag: () => 0,
    close: async () => {},
  }
}
