import { Redis } from 'ioredis';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { startOwnPostgres, startOwnRedis } from '../support/own-services.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { createTestRedis } from '../support/test-redis.ts';

describe('the test support', () => {
  test('databases are separate, and a leaked connection is reported', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const client = new Client({ connectionString: one.url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('CREATE TABLE only_here ()');
    await expect(one.drop()).rejects.toThrow('1 connections');
    const other = new Client({ connectionString: two.url });
    await other.connect();
    await expect(other.query('SELECT * FROM only_here')).rejects.toThrow('does not exist');
    await other.end();
    await two.drop();
  });

  test('logical Redis databases are separate and start empty', async () => {
    const [one, two] = await Promise.all([createTestRedis(), createTestRedis()]);
    expect(one.url).not.toBe(two.url);
    const [a, b] = [new Redis(one.url), new Redis(two.url)];
    await a.set('key', 'here');
    expect(await b.get('key')).toBeNull();
    expect(await b.dbsize()).toBe(0);
    a.disconnect();
    b.disconnect();
  });

  test('an own Redis comes back on its port with its data, or without', async () => {
    const redis = await startOwnRedis();
    const url = redis.url();
    const ask = async (work: (client: Redis) => Promise<unknown>) => {
      const client = new Redis(url);
      const answer = await work(client);
      client.disconnect();
      return answer;
    };
    await ask((client) => client.set('key', 'kept'));
    await redis.kill('SIGKILL');
    await redis.start();
    expect(redis.url()).toBe(url);
    expect(await ask((client) => client.get('key'))).toBe('kept');
    await redis.kill('SIGKILL');
    await redis.start({ wipe: true });
    expect(await ask((client) => client.get('key'))).toBeNull();
    await redis.stop();
  });

  test('an own PostgreSQL comes back on its port with what was committed', async () => {
    const postgres = await startOwnPostgres();
    const url = postgres.url();
    const ask = async (text: string) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query(text)).rows;
      } finally {
        await client.end();
      }
    };
    await ask('CREATE TABLE kept AS SELECT 42 AS answer');
    const busy = new Client({ connectionString: url });
    busy.on('error', () => undefined);
    await busy.connect();
    await postgres.kill('SIGKILL'); // with a session open, whose process has to notice
    await postgres.start();
    expect(postgres.url()).toBe(url);
    expect(await ask('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await postgres.stop();
  });
});
