import { createHmac, timingSafeEqual } from 'node:crypto'

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
/** 256 bits in base64url. */
const MAC = '[\\w-]{43}'
const ON_A_LINE = new RegExp(`^<!-- task-manager-api task=(${UUID}) mac=(${MAC}) -->[ \\t]*$`, 'gm')
const BOUNDARY = new RegExp(`<!-- task-manager-api task=${UUID} mac=${MAC} -->`)

/** How many characters a marker has. */
export const MARKER_LENGTH = 115

export interface Marker {
  /**
   * The comment to be put into the issue of a task (its id in lower case): one line that GitHub
   * does not show.
   */
  readonly toMarker: (taskId: string) => string
  /**
   * The id of the task that an issue was opened for, by a marker alone on its line: one that is
   * quoted names no task. Undefined when no marker is ours (another key, forged, cut), and when
   * several of ours name different tasks. It says who wrote the text, not who opened the issue: a
   * marker can be copied.
   */
  readonly taskOf: (body: string) => string | undefined
}

/**
 * Markers signed with a key (HMAC-SHA256 of the task's id), so that nobody without it can make an
 * issue pass for ours.
 */
export const createMarker = (key: string | Buffer): Marker => {
  const macOf = (taskId: string): string =>
    createHmac('sha256', key).update(taskId).digest('base64url')

  return {
    toMarker: (taskId) => `<!-- task-manager-api task=${taskId} mac=${macOf(taskId)} -->`,
    taskOf: (body) => {
      const ours = new Set<string>()
      for (const [, taskId = '', mac = ''] of body.matchAll(ON_A_LINE)) {
        if (timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(taskId)))) ours.add(taskId)
      }
      return ours.size === 1 ? [...ours][0] : undefined
    },
  }
}

/** The text between well-formed markers of any origin: one part if there are none. */
export const splitAtMarkers = (body: string): string[] => body.split(BOUNDARY)
