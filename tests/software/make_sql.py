# SPDX-License-Identifier: Apache-2.0
"""Print 10,000 SQL statements for sqlite3, the same each time: tables, indices, a write-ahead log, transactions that
are kept and taken back, queries. Usage: make_sql.py"""
import random

STATEMENTS = 10000
HEAD = [
    'PRAGMA journal_mode=WAL;',
    'PRAGMA cache_size=50;',  # pages go to the file and come back
    'CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, age INTEGER, weight REAL);',
    'CREATE TABLE orders(id INTEGER PRIMARY KEY, person INTEGER REFERENCES people, item TEXT, price REAL);',
    'CREATE INDEX by_name ON people(name);',
    'CREATE INDEX by_person ON orders(person, price);',
    'CREATE TRIGGER gone AFTER DELETE ON people BEGIN DELETE FROM orders WHERE person = old.id; END;',
]
TAIL = [
    'SELECT count(*), sum(age), round(total(weight), 6) FROM people;',
    'SELECT count(*), round(total(price), 6), max(item) FROM orders;',
    'SELECT name, count(*) c FROM people JOIN orders ON person = people.id GROUP BY name ORDER BY c DESC, name LIMIT 5;',
    'VACUUM;',
    'PRAGMA integrity_check;',
    'PRAGMA page_count;',
    'SELECT hex(sha3) FROM (SELECT group_concat(quote(name) || age, "") sha3 FROM (SELECT * FROM people ORDER BY id LIMIT 40));',
]
WORDS = 'page frame thread queue lock timer socket vnode trap fault'.split()


class Script:
    def __init__(self, random):
        self.random, self.person, self.order, self.depth = random, 0, 0, 0

    def word(self):
        return self.random.choice(WORDS) + str(self.random.randrange(300))

    def insert_person(self):
        self.person += 1
        return (f"INSERT OR REPLACE INTO people VALUES({self.person}, '{self.word()}', {self.random.randrange(100)}, "
                f'{self.random.randrange(1000) / 8});')

    def insert_order(self):
        self.order += 1
        return (f"INSERT OR REPLACE INTO orders VALUES({self.order}, {self.random.randrange(1, self.person + 2)}, "
                f"'{self.word() * self.random.randrange(1, 20)}', {self.random.randrange(10000) / 16});")

    def update(self):
        return f"UPDATE people SET age = age + 1, name = '{self.word()}' WHERE id = {self.random.randrange(1, self.person + 2)};"

    def delete(self):
        return f'DELETE FROM people WHERE id = {self.random.randrange(1, self.person + 2)};'

    def query(self):
        return (f"SELECT count(*), round(avg(price), 4) FROM people JOIN orders ON person = people.id "
                f"WHERE name LIKE '{self.random.choice(WORDS)}{self.random.randrange(10)}%';")

    def transaction(self):
        self.depth = 1 - self.depth
        return 'BEGIN;' if self.depth else self.random.choice(['COMMIT;', 'COMMIT;', 'COMMIT;', 'ROLLBACK;'])

    def statement(self):
        kinds = [self.insert_person, self.insert_order, self.update, self.delete, self.query, self.transaction]
        return self.random.choices(kinds, [30, 40, 15, 3, 1, 6])[0]()


def main():
    script = Script(random.Random(11))
    middle = [script.statement() for _ in range(STATEMENTS - len(HEAD) - len(TAIL) - 1)]
    print('\n'.join([*HEAD, *middle, script.transaction() if script.depth else 'SELECT 1;', *TAIL]))


main()
