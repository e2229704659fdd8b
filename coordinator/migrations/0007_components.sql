-- What became of a component in each batch is found without reading all of them.

CREATE INDEX members_by_component ON members (component, batch);
