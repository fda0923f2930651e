"""The 15 tables as the design states them, column by column: `name type[!][=default]`.

v20 = varchar(20), n15,2 = numeric(15,2), ts = timestamptz, `!` = not null, `?` = the design leaves
it open. A default that is not written is not compared. EVERY_TABLE holds what all of them have.
"""

EVERY_TABLE = "id uuid!=gen_random_uuid() created_at ts!=now() updated_at ts!=now()"

TABLES = {
    "contacts": """
        first_name v100!='' last_name v100!='' llc_name v200 job_title v150
        phone1 v20 phone2 v20 phone3 v20 email1 v255 email2 v255 email3 v255
        mailing_address text property_address text city v100 state v50 zip_code v20
        property_county v100 property_type v50 bedrooms int total_bathrooms n5,2
        building_sqft int lot_size_sqft int effective_year_built int
        est_value n15,2 debt_owed n15,2 est_equity n15,2 last_sale_date date
        last_sale_amount n15,2 deal_status v50!='lead' lead_source v100 assigned_to uuid
        dnc bool!=false dnc_reason ? sms_opt_out bool!=false email_opt_out bool!=false
        timezone v50 notes text avatar_url text custom_fields jsonb!='{}' created_by uuid
        deleted_at ts""",
    "tags": "name v100! color v7!='#3B82F6' description ? is_system bool!=false",
    "contact_tags": "contact_id uuid! tag_id uuid! created_by uuid",
    "deal_tags": "deal_id uuid! tag_id uuid! created_by uuid",
    "messages": """
        contact_id uuid! conversation_id uuid direction v10! message_type v20! content text!=''
        media_urls text[]!='{}' status v50! phone_number v50 our_number v50 provider v50
        message_sid v100 error_code v20 error_message ? segments int!=1 cost n10,4 sent_by uuid
        occurred_at ts! delivered_at ts read_at ts metadata jsonb!='{}'""",
    "calls": """
        contact_id uuid! conversation_id uuid direction ?! call_type ? status v50!
        duration int!=0 from_number ? to_number v50 provider ? call_sid v100 recording_url ?
        recording_duration int transcript ? outcome v50 answered_by v50 hangup_cause v100
        cost n10,4 notes ? handled_by uuid occurred_at ts! ended_at ts read_at ts
        metadata jsonb!='{}'""",
    "emails": """
        contact_id uuid! conversation_id uuid direction ?! subject v998!='' body text!=''
        html_body ? status ?! from_email ? to_email v255 cc_emails text[]!='{}'
        bcc_emails text[]!='{}' reply_to ? message_id v998 in_reply_to v998 thread_id v255
        attachments jsonb!='[]' headers jsonb!='{}' bounce_reason ? spam_score n5,2 opened_at ts
        clicked_at ts read_at ts sent_by uuid occurred_at ts! metadata jsonb!='{}'""",
    "activities": """
        contact_id uuid deal_id uuid parent_activity_id uuid type v50! title v500! description ?
        status v50!='planned' priority v20!='medium' due_date ts is_all_day bool!=false
        duration_minutes int reminder_minutes int location v500 recurrence_rule ?
        external_calendar_id ? external_event_id v255 assigned_to uuid created_by uuid
        completed_at ts completed_by uuid result ? next_action ?""",
    "deals": """
        contact_id uuid! name v500! pipeline v100!='default' stage v50! stage_changed_at ts!
        position float8!=0 value n15,2!=0 currency v3!='USD' probability int! lead_score int!
        expected_close_date date actual_close_date date source ? campaign v100 assigned_to uuid
        team_id uuid created_by uuid lost_reason ? won_reason v500 competitor v200 next_step ?
        notes ? custom_fields jsonb!='{}' deleted_at ts""",
    "deal_stage_history": """
        deal_id uuid! old_stage ? new_stage ?! old_value n15,2 new_value n15,2 old_probability int
        new_probability int changed_by uuid change_reason ? notes ? duration_in_stage interval
        changed_at ts!""",
    "documents": """
        contact_id uuid deal_id uuid activity_id uuid parent_document_id uuid name v500!
        original_name ? file_path text! file_size bigint mime_type v255 file_extension v20
        document_type v50!='other' category ? description ? is_public bool!=false
        is_archived bool!=false version int!=1 checksum v64 tags text[]!='{}' metadata jsonb!='{}'
        uploaded_by uuid uploaded_at ts! last_accessed_at ts access_count int!=0""",
    "conversations": """
        contact_id uuid! channel v20! phone_number v50!='' our_number ? status ?! priority ?!
        assigned_to uuid last_message_id uuid last_message_content v200 last_message_at ts
        last_message_direction ? message_count int!=0 unread_count int!=0 is_archived bool!=false
        is_starred bool!=false is_muted bool!=false labels text[]!='{}' metadata jsonb!='{}'""",
    "assistants": """
        vapi_assistant_id v200 name v200! description ? first_message ? system_prompt ?
        model_provider v50! model v100! voice_provider ? voice_id ? voice_settings jsonb!='{}'
        language v10! max_duration_seconds int! silence_timeout_seconds int!
        recording_enabled bool! voicemail_detection_enabled bool! voicemail_message ?
        end_call_message ? end_call_phrases text[]!='{}' config jsonb!='{}' server_url ?
        is_active bool!=true usage_count int!=0 average_duration int!=0 success_rate n5,2!=0
        metadata jsonb!='{}'""",
    "phone_numbers": """
        number v20! formatted_number ? country_code ? area_code ? name ? provider v50!
        provider_account_sid ? provider_phone_number_id ? assistant_id uuid capabilities text[]!
        voice_settings jsonb!='{}' sms_settings jsonb!='{}' server_url ? fallback_destination ?
        is_active bool!=true is_verified bool!=false purchase_date ? monthly_cost n10,4
        usage_count int!=0 last_used_at ts metadata jsonb!='{}'""",
    "vapi_calls": """
        vapi_call_id v200 org_id ? assistant_id uuid phone_number_id uuid contact_id uuid
        call_id uuid name ? type v50! status v50! ended_reason v200 customer_number ? started_at ts
        ended_at ts duration ? cost n10,4 cost_breakdown jsonb! transcript ? summary ?
        recording_url ? stereo_recording_url ? messages jsonb! analysis jsonb! artifacts jsonb!
        assistant_overrides jsonb!='{}' outcome v50 metadata jsonb!='{}'""",
}

# (column, the table it points at, what a delete of that row does here)
FOREIGN_KEYS = {
    "contact_tags": "contact_id>contacts:cascade tag_id>tags:cascade",
    "deal_tags": "deal_id>deals:cascade tag_id>tags:cascade",
    "messages": "contact_id>contacts:cascade conversation_id>conversations:set-null",
    "calls": "contact_id>contacts:cascade conversation_id>conversations:set-null",
    "emails": "contact_id>contacts:cascade conversation_id>conversations:set-null",
    "activities": """contact_id>contacts:cascade deal_id>deals:set-null
        parent_activity_id>activities:set-null""",
    "deals": "contact_id>contacts:cascade",
    "deal_stage_history": "deal_id>deals:cascade",
    "documents": """contact_id>contacts:set-null deal_id>deals:set-null
        activity_id>activities:set-null parent_document_id>documents:set-null""",
    "conversations": "contact_id>contacts:cascade",
    "phone_numbers": "assistant_id>assistants:set-null",
    "vapi_calls": """assistant_id>assistants:set-null phone_number_id>phone_numbers:set-null
        contact_id>contacts:set-null call_id>calls:set-null""",
}
