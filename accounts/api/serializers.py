"""Members and teams as the API shows them."""

from rest_framework import serializers

from accounts.models import Member, Role, Team
from accounts.rest.serializers import ScopedField, StrictSerializer


class MemberSerializer(StrictSerializer):
    """A member; changed on the settings pages only."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)


class MemberQuery(serializers.Serializer[Member]):
    """Filters of the list of members."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)


class TeamSerializer(StrictSerializer):
    """A team; ``members`` are ids."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=Team._meta.get_field("name").max_length)
    members = serializers.ListField(
        child=ScopedField(Member.objects.filter(ended_at=None)), required=False, max_length=1000
    )

    def to_representation(self, instance: Team) -> dict[str, object]:
        """Members by id, without loading them."""
        return {
            "id": instance.pk,
            "name": instance.name,
            "members": [member.pk for member in instance.members.all()],
        }
