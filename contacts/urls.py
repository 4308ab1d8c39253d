"""URLs of contacts and segments."""

from django.urls import path

from contacts.pages import contacts, segments, suppressed, words

urlpatterns = [
    path("contacts/", contacts.contact_list, name="contacts"),
    path("contacts/new/", contacts.add_contact, name="contact-add"),
    path("contacts/address-row/", contacts.address_row, name="contact-address-row"),
    path("contacts/labels/", words.label_list, name="labels"),
    path("contacts/labels/<int:label_id>/", words.edit_label, name="label"),
    path("contacts/labels/<int:label_id>/delete/", words.delete_label, name="label-delete"),
    path("contacts/attributes/", words.attribute_list, name="attributes"),
    path("contacts/attributes/new/", words.add_attribute, name="attribute-add"),
    path("contacts/attributes/<int:attribute_id>/", words.edit_attribute, name="attribute"),
    path(
        "contacts/attributes/<int:attribute_id>/delete/",
        words.delete_attribute,
        name="attribute-delete",
    ),
    path("contacts/suppressed/", suppressed.suppressed_list, name="suppressed"),
    path(
        "contacts/suppressed/<int:suppression_id>/remove/",
        suppressed.remove,
        name="suppressed-remove",
    ),
    path("contacts/<int:contact_id>/", contacts.contact_page, name="contact"),
    path("contacts/<int:contact_id>/edit/", contacts.edit_contact, name="contact-edit"),
    path("contacts/<int:contact_id>/block/", contacts.block_contact, name="contact-block"),
    path("contacts/<int:contact_id>/merge/", contacts.merge_contact, name="contact-merge"),
    path(
        "contacts/<int:contact_id>/addresses/<int:address_id>/consent/",
        contacts.change_consent,
        name="contact-consent",
    ),
    path("segments/", segments.segment_list, name="segments"),
    path("segments/new/", segments.edit_segment, name="segment-add"),
    path("segments/rebuild/", segments.rebuild, name="segment-rebuild"),
    path("segments/match/", segments.count, name="segment-match"),
    path("segments/<int:segment_id>/", segments.edit_segment, name="segment"),
    path("segments/<int:segment_id>/count/", segments.segment_count, name="segment-count"),
    path("segments/<int:segment_id>/delete/", segments.remove_segment, name="segment-delete"),
]
