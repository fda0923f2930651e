-- Search from anywhere.

-- name: find_contacts
-- The best few contacts for what was typed, most recently changed first.
select c.id,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), c.llc_name, c.email1, c.phone1)
           as name,
       coalesce(c.llc_name, c.phone1, c.email1, c.property_address, '') as detail
from contacts c
where c.id in (select app.search_contact_ids(:q, 200))
order by c.updated_at desc, c.id
limit 8;
