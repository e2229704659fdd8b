//! The contract of the store, sentence by sentence, on each store; and what is only about databases.

// Lints know by the attribute that these are tests.
#[cfg(test)]
mod aging;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod orphans;
#[cfg(test)]
mod people;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod upgrade;

/// Makes of each case of the contract one test per store.
macro_rules! on_all {
    ($($module:ident::$case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let ground = crate::ground::Any::Database(crate::ground::Ground::sqlite());
                crate::$module::$case(&ground).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let ground = crate::ground::Any::Database(crate::ground::Ground::postgres());
                crate::$module::$case(&ground).await;
            })+
        }
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let ground = crate::ground::Any::Memory(std::sync::Arc::default());
                crate::$module::$case(&ground).await;
            })+
        }
    };
}

/// Makes of each case about databases one test per database.
macro_rules! on_both {
    ($($module:ident::$case:ident),+ $(,)?) => {
        mod opening_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case(&mut crate::ground::Ground::sqlite()).await;
            })+
        }
        mod opening_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case(&mut crate::ground::Ground::postgres()).await;
            })+
        }
    };
}

on_all! {
    cases::a_commit_of_an_older_epoch_is_fenced_and_writes_nothing,
    cases::nobody_can_commit_before_somebody_leads,
    cases::a_second_instance_follows_until_the_lease_runs_out_and_then_leads_in_a_higher_epoch,
    cases::a_restart_of_the_same_instance_takes_over_at_once_and_the_old_start_does_not_come_back,
    cases::who_resigns_can_write_no_more_and_the_next_leads_at_once,
    cases::the_owner_renews_its_lease_in_the_same_epoch,
    cases::a_closed_effect_stays_as_it_is,
    cases::all_of_a_commit_is_written_or_nothing,
    cases::a_second_open_batch_is_refused,
    cases::a_batch_that_lingers_lets_the_next_run_beside_it,
    cases::rows_come_back_as_they_were_written,
    cases::members_and_groups_are_replaced_by_their_key,
    cases::the_same_key_twice_in_one_change_means_the_last,
    cases::a_trigger_of_the_same_tag_and_build_is_not_added_again_but_a_persons_is,
    cases::builds_that_have_triggers_for_a_tag_are_told_but_not_for_those_of_people,
    cases::a_tagging_whose_trigger_was_withdrawn_triggers_again_but_not_by_the_same_message,
    cases::a_trigger_of_the_same_message_is_not_added_again,
    cases::a_final_answer_yields_only_to_its_own_batch,
    cases::a_batch_gives_its_triggers_back,
    cases::triggers_are_counted_by_answer_and_the_oldest_pending_comes_first,
    cases::a_denied_source_counts_its_batches_and_keeps_its_first_time,
    cases::a_denial_of_no_batch_never_replaces_what_lasts_as_long,
    cases::an_expired_denial_is_not_told,
    cases::what_became_of_a_component_is_told_newest_first,
    cases::the_deny_list_is_told_latest_first_and_what_is_taken_off_is_gone,
    cases::a_message_that_was_not_understood_is_kept_once_and_cut,
    cases::a_mark_is_the_last_text_written,
    lists::a_number_is_given_once_though_many_ask_and_nobody_leads,
    cases::five_thousand_rows_in_one_commit_are_all_there,
    people::a_request_and_its_audit_entry_are_stored_together_by_any_instance,
    people::an_answered_request_is_gone_and_its_audit_entry_stays_as_it_was_answered,
    people::who_ask_at_once_get_numbers_of_their_own,
    people::what_an_instance_did_by_itself_is_in_the_audit_and_waits_for_nobody,
    people::more_requests_than_a_leader_ever_answers_are_not_taken,
    people::jobs_set_aside_are_listed_oldest_first_until_they_are_dropped,
    orphans::orphans_are_listed_oldest_first_until_they_are_dropped,
    orphans::a_name_is_found_in_the_state_of_any_group,
    orphans::an_effect_of_no_batch_comes_back_as_it_was_written,
    lists::lists_come_back_by_name_as_they_were_written,
    lists::a_list_that_somebody_else_has_written_is_not_written_over,
    lists::what_a_person_confirmed_stays_when_the_list_is_written,
    people::of_too_many_jobs_set_aside_the_newest_stay,
    aging::an_old_batch_goes_with_all_that_is_its_own_and_a_younger_one_stays,
    aging::a_batch_stays_while_anything_open_refers_to_it,
    aging::answered_triggers_go_and_pending_and_newest_ones_stay,
    aging::the_audit_keeps_what_is_open_and_its_newest_entry,
    aging::a_job_set_aside_stays_while_its_batch_runs_or_its_group_is_open,
    aging::denials_that_ran_out_and_odd_messages_go,
    aging::who_leads_no_more_forgets_nothing,
}

on_both! {
    texts::a_text_with_a_zero_character_is_taken,
    opening::what_was_written_is_there_after_opening_again,
    opening::a_database_newer_than_the_program_is_refused_with_both_versions,
    opening::several_open_the_same_new_database_at_once,
    upgrade::a_filled_database_of_the_fourth_version_is_brought_up,
    upgrade::a_filled_database_of_the_sixth_version_is_brought_up,
    upgrade::a_filled_database_of_the_seventh_version_is_brought_up,
    upgrade::a_filled_database_of_the_fifth_version_is_brought_up,
    upgrade::a_filled_database_of_the_third_version_is_brought_up,
    upgrade::an_old_and_filled_database_is_brought_up_once_though_two_start_at_once,
    upgrade::a_filled_database_of_the_second_version_is_brought_up,
    figures::figures_of_a_large_batch,
}
