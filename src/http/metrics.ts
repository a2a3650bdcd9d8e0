import type { FastifyInstance, onResponseHookHandler } from 'fastify'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { problems } from './openapi.ts'
import { appendHook } from './route-hooks.ts'

/** Upper bounds of the buckets, in seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const NAME = 'http_request_duration_seconds'

interface Series {
  readonly labels: string
  /** One count a bound, each of its own, and one for whatever took longer. */
  readonly counts: number[]
  sum: number
}

/**
 * Counts and times every request by its route, and serves it at /metrics for Prometheus. Added
 * before the routes. The histogram is kept here, as prom-client's own takes as long for an
 * observation as a route takes to be found.
 */
export const addMetrics = (app: FastifyInstance, eventLag: () => number): Registry => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'task_event_lag_seconds',
    help: 'For how long the oldest event without a sequence has waited for it.',
    registers: [registry],
    collect() {
      this.set(eventLag() / 1000)
    },
  })
  const series = new Map<string, Series>()

  const observe = (method: string, route: string, status: number, seconds: number): void => {
    const labels = `method="${method}",route="${route}",status="${status}"`
    let one = series.get(labels)
    if (one === undefined) {
      one = { labels, counts: new Array(BOUNDS.length + 1).fill(0), sum: 0 }
      series.set(labels, one)
    }
    let bucket = 0
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] as number)) bucket += 1
    one.counts[bucket] = (one.counts[bucket] ?? 0) + 1
    one.sum += seconds
  }

  app.addHook('onRoute', (route) => {
    const { url } = route
    const count: onResponseHookHandler = (request, reply, done) => {
      observe(request.method, url, reply.statusCode, reply.elapsedTime / 1000)
      done()
    }
    route.onResponse = appendHook(count, route.onResponse)
  })

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['operations'],
        summary: 'Read the metrics',
        description: 'Metrics in the Prometheus text format.',
        response: {
          200: {
            description: 'The metrics',
            content: { 'text/plain': { schema: { type: 'string' } } },
          },
          ...problems(),
        },
      },
    },
    async (_, reply) =>
      reply
        .header('content-type', registry.contentType)
        .send(`${await registry.metrics()}\n${toExposition([...series.values()])}`),
  )
  return registry
}

/**
 * A histogram as Prometheus reads it
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): each bucket holds those below it.
 */
const toExposition = (series: readonly Series[]): string => {
  const lines = series.flatMap(({ labels, counts, sum }) => {
    let total = 0
    const buckets = counts.map((count, index) => {
      total += count
      return `${NAME}_bucket{${labels},le="${BOUNDS[index] ?? '+Inf'}"} ${total}`
    })
    return [...buckets, `${NAME}_sum{${labels}} ${sum}`, `${NAME}_count{${labels}} ${total}`]
  })
  return [
    `# HELP ${NAME} How long requests took, by method, route and status.`,
    `# TYPE ${NAME} histogram`,
    ...lines,
    '',
  ].join('\n')
}
